// Bundles the command and the vault for tests, as tsc has left them in dist/, with the libraries that
// they use: finding and compiling some hundreds of files takes longer than all else that a start does. What only some
// commands need stays in files of its own.
import { globSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild-wasm";

const outdir = "dist/bin";
/** Written last, so that it tells when the bundle was made. */
const licences = join(outdir, "LICENSES.txt");
/** Libraries in CommonJS ask for Node's own modules by `require`, which ES modules do not have. */
const banner = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** An `import` of node:http asks for everything that it exports, and with that loads all of Node's fetch. */
const requireHttp: Plugin = {
  name: "require-http",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === "require-call" ? { path: "node:http", external: true } : { path: "node:http", namespace: "required" },
    );
    onLoad({ filter: /./, namespace: "required" }, ({ path }) => ({ contents: `module.exports = require("${path}")` }));
  },
};

if (!isFresh()) {
  await bundle();
}

/** Nothing that goes into the bundle is newer than it. `npm` touches its own list at each install. */
function isFresh(): boolean {
  const made = changedMs(licences);
  const sources = globSync(["dist/**/*.js", "gen/**/*.js"]).filter((file) => !file.startsWith(outdir));
  return ["scripts/bundle.ts", "node_modules/.package-lock.json", ...sources].every((file) => changedMs(file) < made);
}

function changedMs(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function bundle(): Promise<void> {
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    // The judge of passwords is a thread, which begins with a file of its own.
    entryPoints: [
      { in: "dist/cli/zsc.js", out: "zsc" },
      { in: "dist/auth/password-strength-thread.js", out: "password-strength-thread" },
      { in: "dist/testing/index.js", out: "testing" },
    ],
    outdir,
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node22",
    format: "esm",
    banner: { js: banner },
    // They find their binaries beside themselves.
    external: ["better-sqlite3", "@node-rs/argon2"],
    plugins: [requireHttp],
    metafile: true,
    logLevel: "warning",
  });
  writeFileSync(licences, licencesOf(Object.keys(metafile.inputs)));
}

/** Whoever passes the bundle on must pass these on too. */
function licencesOf(files: readonly string[]): string {
  const folders = new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  return [...folders].sort().map(licenceOf).join("\n");
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  // Who leaves the text of the Apache licence out means the one that stands in this package's LICENSE.
  const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8");
  return `${name} ${version} (${license})\n\n${text}\n`;
}
