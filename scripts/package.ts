// The package as others get it: packed, installed into an empty folder, type-checked there as strictly as TypeScript can,
// run, and its command started, on the Node that runs this and on the oldest major that it promises. The registry is
// asked only for what npm's cache does not have.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const typescript = join(root, "node_modules/typescript/bin/tsc");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "zsc-package-")));
const oldestNode = "22.23.3";
const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

/** No setting of this machine. */
const ownEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(ZSC_|npm_(package|lifecycle))/.test(name)),
);

/** Where the package is installed, and by which Node. */
interface Consumer {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

try {
  const archive = pack();
  const consumer = install(archive, process.execPath, "consumer");
  checkTypes(consumer, "nodenext");
  checkTypes(consumer, "bundler");
  await use(consumer);
  const older = install(archive, installNode(oldestNode), "older");
  checkTypes(older, "nodenext");
  await use(older);
  console.log("package: packed, installed, type-checked, run and served");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function use(consumer: Consumer): Promise<void> {
  runConsumer(consumer);
  checkVersion(consumer);
  await serve(consumer);
}

function run(title: string, command: string, args: readonly string[], { folder: cwd, env }: Consumer): string {
  const begunMs = performance.now();
  try {
    const printed = execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    console.log(`${title}: ${Math.round(performance.now() - begunMs)} ms`);
    return printed;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${title} failed:\n${stdout}${stderr}`);
  }
}

/** What was built is packed as it is: `prepare` would build it again. */
function pack(): string {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const [packed] = JSON.parse(run("npm pack", "npm", args, at(root, process.execPath))) as {
    readonly filename: string;
  }[];
  if (packed === undefined) {
    throw new Error("npm pack made no archive");
  }
  return join(folder, packed.filename);
}

function at(place: string, node: string): Consumer {
  return { folder: place, env: { ...ownEnv, PATH: [dirname(node), process.env["PATH"]].join(delimiter) } };
}

function install(archive: string, node: string, name: string): Consumer {
  const consumer = at(join(folder, name), node);
  cpSync(join(root, "test/package"), consumer.folder, { recursive: true });
  write(consumer, "package.json", { name, version: "1.0.0", private: true, type: "module" });
  const version = run("node --version", "node", ["--version"], consumer).trim();
  run(`npm install, Node ${version}`, "npm", ["install", ...quiet, archive], consumer);
  return consumer;
}

/** Answers where its program is. */
function installNode(version: string): string {
  const place = at(join(folder, "node"), process.execPath);
  mkdirSync(place.folder);
  write(place, "package.json", { name: "node-of-tests", private: true });
  const name = `node-${process.platform}-${process.arch}`;
  run(`npm install ${name}@${version}`, "npm", ["install", ...quiet, `${name}@${version}`], place);
  return join(place.folder, "node_modules", name, "bin/node");
}

function write(consumer: Consumer, name: string, content: object): void {
  writeFileSync(join(consumer.folder, name), JSON.stringify(content));
}

/** With every declaration that the package brings or needs: `skipLibCheck` is what hides a broken one. */
function checkTypes(consumer: Consumer, moduleResolution: "nodenext" | "bundler"): void {
  write(consumer, "tsconfig.json", {
    compilerOptions: {
      ...{ target: "es2022", lib: ["es2022"], moduleResolution },
      module: moduleResolution === "bundler" ? "esnext" : moduleResolution,
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
      ...{ noPropertyAccessFromIndexSignature: true, verbatimModuleSyntax: true },
      ...{ types: ["node"], typeRoots: [join(root, "node_modules/@types")], outDir: "out", rootDir: "." },
    },
    include: ["*.ts"],
  });
  run(`types of a strict project, ${moduleResolution}`, process.execPath, [typescript, "-p", "."], consumer);
}

function runConsumer(consumer: Consumer): void {
  const printed = run("application and its tests", "node", ["out/consumer.js"], consumer);
  if (printed !== "ok\n") {
    throw new Error(`the application printed:\n${printed}`);
  }
}

function checkVersion(consumer: Consumer): void {
  const printed = run("npx zsc --version", "npx", ["--no-install", "zsc", "--version"], consumer);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
  if (printed.trim() !== version) {
    throw new Error(`npx zsc --version says ${printed.trim()}, and the package is ${version}`);
  }
}

/** Until it listens and is ready, and until it has stopped in good order. */
async function serve({ folder: cwd, env }: Consumer): Promise<void> {
  const server = spawn("npx", ["--no-install", "zsc", "serve", "--dev"], {
    cwd,
    env: { ...env, ZSC_LISTEN: "127.0.0.1:0" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  try {
    await untilStopped(server, cwd, performance.now());
  } finally {
    endGroup(server.pid);
  }
}

async function untilStopped(server: ChildProcess, cwd: string, begunMs: number): Promise<void> {
  let printed = "";
  const ended = new Promise<number | null>((done) => server.once("exit", done));
  const url = await new Promise<string>((found, failed) => {
    const giveUp = setTimeout(() => failed(new Error(`it does not listen:\n${printed}`)), 30_000);
    const look = (chunk: Buffer) => {
      printed += chunk.toString();
      const [, address] = /ZSC is ready at (http:\S+)/.exec(printed) ?? [];
      if (address !== undefined) {
        clearTimeout(giveUp);
        found(address);
      }
    };
    server.stdout?.on("data", look);
    server.stderr?.on("data", look);
    void ended.then((code) => failed(new Error(`it ended with ${code}:\n${printed}`)));
  });
  const { status } = await fetch(`${url}/readyz`);
  // npx passes no signal on, and ends when the server has ended.
  const { pid } = JSON.parse(readFileSync(join(cwd, ".zsc/vault.json"), "utf8")) as { readonly pid: number };
  process.kill(pid, "SIGTERM");
  await ended;
  if (status !== 200) {
    throw new Error(`/readyz says ${status}:\n${printed}`);
  }
  console.log(`npx zsc serve --dev: ${Math.round(performance.now() - begunMs)} ms`);
}

/** Whatever a failed start has left. */
function endGroup(pid: number | undefined): void {
  try {
    process.kill(-(pid ?? Number.NaN), "SIGKILL");
  } catch {
    // Nothing has.
  }
}
