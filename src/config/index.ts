export type { Config, DatabaseConfig, ListenAddress, Mode, TlsConfig } from "./config.ts";
export { ensureDataDir } from "./development-key.ts";
export { loadConfig, loadDatabaseConfig, loadTls, loadTokenConfig } from "./load.ts";
