// Who may import whom (docs/architecture.md). Every import inside src/ must be allowed here.
const rooms = {
  base: [],
  sealing: ["base"],
  auth: ["base"],
  config: ["base"],
  logging: ["base"],
  ledger: ["base"],
  audit: ["base", "ledger"],
  "store/sql": ["base", "ledger"],
  "store/sqlite": ["base", "ledger", "store/sql"],
  "store/mysql": ["base", "ledger", "store/sql"],
  secrets: ["base", "ledger", "sealing"],
  people: ["base", "auth", "ledger"],
  vaults: ["base", "ledger", "people", "sealing"],
  transport: ["base", "gen"],
  "surfaces/kernel": ["base", "auth", "ledger", "transport", "gen"],
  "surfaces/vault": [
    ...["audit", "base", "auth", "ledger", "people", "sealing", "vaults"],
    ...["surfaces/kernel", "transport", "gen"],
  ],
  "surfaces/zsc": ["base", "ledger", "sealing", "secrets", "surfaces/kernel", "transport", "gen"],
  jobs: ["base", "ledger", "sealing", "secrets", "vaults"],
  client: ["gen"],
};
// main.ts, compose.ts, opening.ts, inspection.ts, port.ts, banner.ts, tables.ts, organisation.ts, user-maker.ts, operator-ledger.ts and outage-log.ts, which stand in no room, see every room; so do
// the command line and the vault for tests.
const composing = "^src/([^/]+\\.ts$|cli/|testing/)";

const inside = (room) => (room === "gen" ? "^gen/" : `^src/${room}/`);
/** The one way into a room. */
const entry = (room) => (room === "gen" ? "^gen/" : `^src/${room}/index\\.ts$`);

module.exports = {
  forbidden: [
    // Circles of types count as well: nobody can read the one file without the other.
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    // What tests of applications start is the server; nothing of the server knows of it.
    {
      name: "nothing-knows-testing",
      severity: "error",
      from: { pathNot: "^src/testing/" },
      to: { path: "^src/testing/" },
    },
    // It is beside the client and the command, and needs neither.
    {
      name: "testing-stands-alone",
      severity: "error",
      from: { path: "^src/testing/" },
      to: { path: "^src/(client|cli|main\\.ts)" },
    },
    {
      name: "database-packages-stay-in-store",
      severity: "error",
      from: { pathNot: "^src/store/" },
      to: { path: "node_modules/(mysql2|better-sqlite3)/" },
    },
  ],
  allowed: [
    ...Object.entries(rooms).flatMap(([room, others]) => [
      { from: { path: inside(room) }, to: { path: inside(room) } },
      { from: { path: inside(room) }, to: { path: others.map(entry) } },
    ]),
    { from: { path: composing }, to: { path: [composing, ...Object.keys(rooms).map(entry), "^gen/"] } },
    { from: { path: "^(src|gen)/" }, to: { dependencyTypes: ["core", "npm"] } },
    { from: { path: "^gen/" }, to: { path: "^gen/" } },
    { from: { path: "^(src|gen)/" }, to: { path: "^node_modules/" } },
    { from: { path: "^node_modules/" }, to: {} },
  ],
  allowedSeverity: "error",
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
  },
};
