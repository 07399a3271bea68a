export { checkClient } from "./client.ts";
export { printChecks } from "./print.ts";
export { checkVaultMachine } from "./server.ts";
