export type { VaultPorts } from "./ports.ts";
export { createVaultSurface, vaultServices } from "./surface.ts";
