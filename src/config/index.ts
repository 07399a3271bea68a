export type { Config, DatabaseConfig, ListenAddress, Mode, TlsConfig } from "./config.ts";
export { ConfigError } from "./config-error.ts";
export { ensureDataDir } from "./development-key.ts";
export { loadConfig, loadDatabaseConfig, loadTls, loadTokenConfig } from "./load.ts";
export { removeRunningFile, runningFilePath, tryParseRunning, writeRunningFile } from "./running-file.ts";
export { foreignClientNames } from "./setting-names.ts";
