// The naive yardstick's process: the very server, but with a transaction for each call. Settings as for `zsc serve`.
import { startVault } from "../src/compose.ts";
import { loadConfig } from "../src/config/load.ts";
import { createLog } from "../src/logging/log.ts";

const config = loadConfig(process.env);
const log = createLog({ level: config.logLevel, readable: false });
const vault = await startVault(config, log, { maxBatchRows: 1 });
process.once("SIGTERM", () => void vault.stop().then(() => process.exit(0)));
