// Who may import whom (docs/architecture.md). Every import inside src/ must be allowed here.
const rooms = {
  domain: [],
  sealing: ["domain"],
  auth: ["domain"],
  config: ["domain"],
  logging: ["domain"],
  ledger: ["domain"],
  zsc: ["domain", "sealing", "ledger"],
  store: ["domain", "ledger"],
  rpc: ["domain", "auth", "sealing", "ledger", "zsc", "gen"],
  transport: ["domain", "rpc", "config", "gen"],
  rotation: ["domain", "sealing", "ledger", "zsc"],
  client: ["gen"],
};
// main.ts, compose.ts, opening.ts, port.ts and banner.ts, which stand in no room, see everything; so does the command line through them.
const composing = "^src/[^/]+\\.ts$";

const pathOf = (room) => (room === "gen" ? "^gen/" : `^src/${room}/`);

module.exports = {
  forbidden: [
    {
      name: "no-circles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "database-packages-stay-in-store",
      severity: "error",
      from: { pathNot: "^src/store/" },
      to: { path: "node_modules/(mysql2|better-sqlite3)/" },
    },
    {
      name: "messages-stay-outside",
      severity: "error",
      from: { path: "^src/(domain|sealing|auth|config|ledger|zsc|store|rotation)/" },
      to: { path: "^gen/" },
    },
  ],
  allowed: [
    ...Object.entries(rooms).map(([room, others]) => ({
      from: { path: pathOf(room) },
      to: { path: [room, ...others].map(pathOf) },
    })),
    { from: { path: "^src/cli/" }, to: { path: ["^src/", "^gen/"] } },
    { from: { path: composing }, to: { path: ["^src/", "^gen/"] } },
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
