export { openSealed } from "./opening.ts";
export { askPassphrase, readPassphrase } from "./passphrase.ts";
export { parseRecipients } from "./recipients.ts";
export { type Lock, seal } from "./sealing.ts";
