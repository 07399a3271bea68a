// The package as others get it: packed, installed into an empty folder, type-checked there as strictly as TypeScript can,
// run, and its command started. The registry is asked only for what npm's cache does not have.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const typescript = join(root, "node_modules/typescript/bin/tsc");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "zsc-package-")));
const consumer = join(folder, "consumer");

/** No setting of this machine, and the Node that runs this. */
const env: Record<string, string | undefined> = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ZSC_|npm_(package|lifecycle))/.test(name))),
  PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
};

try {
  const archive = pack();
  install(archive);
  checkTypes("nodenext");
  checkTypes("bundler");
  runConsumer();
  checkVersion();
  await serve();
  console.log("package: packed, installed, type-checked, run and served");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(title: string, command: string, args: readonly string[], cwd: string): string {
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
  const [packed] = JSON.parse(run("npm pack", "npm", args, root)) as { readonly filename: string }[];
  if (packed === undefined) {
    throw new Error("npm pack made no archive");
  }
  return join(folder, packed.filename);
}

function install(archive: string): void {
  mkdirSync(consumer);
  cpSync(join(root, "test/package"), consumer, { recursive: true });
  write("package.json", { name: "consumer", version: "1.0.0", private: true, type: "module" });
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  run("npm install", "npm", ["install", ...quiet, archive], consumer);
}

function write(name: string, content: object): void {
  writeFileSync(join(consumer, name), JSON.stringify(content));
}

/** With every declaration that the package brings or needs: `skipLibCheck` is what hides a broken one. */
function checkTypes(moduleResolution: "nodenext" | "bundler"): void {
  write("tsconfig.json", {
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

function runConsumer(): void {
  const printed = run("application and its tests", process.execPath, ["out/consumer.js"], consumer);
  if (printed !== "ok\n") {
    throw new Error(`the application printed:\n${printed}`);
  }
}

function checkVersion(): void {
  const printed = run("npx zsc --version", "npx", ["--no-install", "zsc", "--version"], consumer);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
  if (printed.trim() !== version) {
    throw new Error(`npx zsc --version says ${printed.trim()}, and the package is ${version}`);
  }
}

/** Until it listens and is ready, and until it has stopped in good order. */
async function serve(): Promise<void> {
  const server = spawn("npx", ["--no-install", "zsc", "serve", "--dev"], {
    cwd: consumer,
    env: { ...env, ZSC_LISTEN: "127.0.0.1:0" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  try {
    await untilStopped(server, performance.now());
  } finally {
    endGroup(server.pid);
  }
}

async function untilStopped(server: ChildProcess, begunMs: number): Promise<void> {
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
  const { pid } = JSON.parse(readFileSync(join(consumer, ".zsc/vault.json"), "utf8")) as { readonly pid: number };
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
