export type { Binding } from "./binding.ts";
export { createSealer, type Sealer } from "./envelope.ts";
export { createFingerprint } from "./fingerprint.ts";
export { keyIdIn } from "./key-box.ts";
export { opensKeyCheck, sealKeyCheck } from "./key-check.ts";
export { type Keyring, openKeyring } from "./keyring.ts";
export { hexSource, type SealingKey } from "./master-key.ts";
export { createRowMac } from "./row-mac.ts";
export { openTokenKey, sealTokenKey } from "./token-key.ts";
