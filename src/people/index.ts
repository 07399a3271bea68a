export {
  type AgentChanges,
  createAgent,
  deactivateAgent,
  listAgents,
  readAgent,
  readOwnAgent,
  rotateAgentKey,
  updateAgent,
} from "./agents.ts";
export { createPersonalKey, listApiKeys, revokePersonalKey } from "./api-keys.ts";
export { type Caller, callerOf, findApiKey, needsCaller } from "./caller.ts";
export { type Asked, callOperation, type Done, nothingRecorded, requireAsRecorded, type Subject } from "./events.ts";
export {
  deleteUser,
  disableUser,
  enableUser,
  findKeysOf,
  findPutBack,
  findUsers,
  setPassword,
  setZid,
  signOutUser,
} from "./operator.ts";
export { openOrganisation } from "./organisation.ts";
export {
  changePassword,
  findCaller,
  finishSignIn,
  type PasswordSignIn,
  rehashPassword,
  signUp,
  startSignIn,
  updateProfile,
} from "./passwords.ts";
export { isLimited } from "./scopes.ts";
export { type ExchangedKey, exchangeAgentKey, exchangeKey, refuseSignIn } from "./sign-in.ts";
export { logout } from "./sign-out.ts";
export { type ApiKey, type Person, peopleTables } from "./tables.ts";
export { countAgentsOf, findOwners, listUsers } from "./user-list.ts";
export { createUser, type NewUser, parseEmail, readProfile } from "./users.ts";
