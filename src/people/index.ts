export { type Caller, findApiKey } from "./caller.ts";
export { type Asked, callOperation, type Done, requireAsRecorded, type Subject } from "./events.ts";
export { type ApiKey, peopleTables } from "./tables.ts";
export {
  createPersonalKey,
  createUser,
  exchangeKey,
  listApiKeys,
  logout,
  type NewUser,
  openOrganisation,
  parseEmail,
  readProfile,
  revokePersonalKey,
} from "./users.ts";
