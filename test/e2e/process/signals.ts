import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { constants, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { until } from "../../support/until.ts";
import { type Certificate, makeCertificate } from "../support/certificate.ts";
import { http1Client } from "../support/http.ts";
import { openVault, type Vault } from "../support/vault.ts";
import { startZsc } from "../support/zsc-process.ts";

/** Whether a process has a handler for SIGUSR1, as Linux shows it: one bit a signal. */
function catchesUsr1(pid: number): boolean {
  const [, caught = "0"] = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (BigInt(`0x${caught}`) & (1n << BigInt(constants.signals.SIGUSR1 - 1))) !== 0n;
}

/** Signals that are no end. */
export function signals(): void {
  test.each(["SIGUSR1", "SIGUSR2", "SIGHUP"] as const)("%s neither ends it nor opens an inspector", async (signal) => {
    const vault = await openVault();
    for (let i = 0; i < 3; i++) {
      vault.process.signal(signal);
      expect((await vault.send("GET", "/api/zsc/list")).status).toBe(200);
    }
    const { code, stderr } = await vault.process.end();
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("none of them ends it where it runs on another Node than the one that started it", async () => {
    const vault = await openVault();
    await vault.process.end();
    // The process that was started, and has no channel, takes itself for an old one.
    const old = `if (!process.channel)
      Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } })`;
    const child = spawn(
      process.execPath,
      ["--import", `data:text/javascript,${old}`, resolve("bin/zsc.mjs"), "serve"],
      {
        env: { PATH: process.env["PATH"] ?? "", ...vault.env },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await until(() => said.includes('"listening"'));
    for (const signal of ["SIGUSR1", "SIGUSR2", "SIGHUP"] as const) {
      child.kill(signal);
    }
    // What SIGHUP does shows that it, and those before it, have arrived.
    await until(() => said.includes("there is no certificate to read again"));
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(said).toContain('"reason":"SIGTERM"');
    await vault.close();
  });

  test("SIGUSR1 before anything of ours runs leaves no inspector open", async () => {
    const vault = await openVault();
    await vault.process.end();
    let port: string | undefined;
    // On a busy machine the signal may come when ours already runs, and then opens nothing.
    for (let attempt = 0; attempt < 5 && port === undefined; attempt++) {
      const restarted = startZsc(["serve"], { ...vault.env, NODE_OPTIONS: "--inspect-port=0" });
      // Before Node has taken the signal, it ends any process.
      await until(() => catchesUsr1(restarted.pid));
      const sending = setInterval(() => restarted.signal("SIGUSR1"), 1);
      await restarted.logged("listening").finally(() => clearInterval(sending));
      [, port] = /Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(restarted.stderr()) ?? [];
      if (port !== undefined) {
        await until(() => refusesConnections(Number(port)));
      }
      expect((await restarted.end()).code).toBe(0);
    }
  });

  test.each(["SIGUSR2", "SIGHUP"] as const)("%s ends no start, from its first line on", async (signal) => {
    const vault = await openVault();
    await vault.process.end();
    // Sent while the modules of the command are being loaded: the first line of ours has run by then.
    const early = `import { registerHooks } from "node:module";
      registerHooks({ load(url, context, next) {
        if (url.endsWith("/dist/bin/zsc.js")) { process.kill(process.pid, "${signal}"); }
        return next(url, context);
      } });`;
    const file = join(mkdtempSync(join(tmpdir(), "zsc-early-")), "early.mjs");
    writeFileSync(file, early);
    const restarted = startZsc(["serve"], { ...vault.env, NODE_OPTIONS: `--import=${file}` });
    await restarted.logged("listening");
    expect((await restarted.end()).code).toBe(0);
    await vault.close();
  });

  test("SIGHUP shows new connections the certificate as it is now, and an unusable one changes nothing", async () => {
    const [first, second] = [makeCertificate(), makeCertificate()];
    const vault = await openVault({
      env: { ZSC_TLS_CERT_FILE: first.certFile, ZSC_TLS_KEY_FILE: first.keyFile },
    });
    const old = http1Client(vault.host, vault.port, first.cert);
    const kept = await shownBy(vault, first);
    expect((await old.send("GET", "/healthz")).status).toBe(200);

    const fingerprint = (socket: TLSSocket) => socket.getPeerCertificate().fingerprint256;
    const hangUps = () => vault.process.log().filter(({ msg }) => /certificate/.test(msg));
    const hangUp = async () => {
      const before = hangUps().length;
      vault.process.signal("SIGHUP");
      await until(() => hangUps().length > before);
      return hangUps().at(-1);
    };

    for (const spoil of [
      () => copyFileSync(second.certFile, first.certFile),
      () => writeFileSync(first.keyFile, "no key"),
      () => writeFileSync(first.keyFile, Buffer.from([0xff, 0xfe])),
      () => rmSync(first.keyFile),
    ]) {
      spoil();
      expect(await hangUp()).toMatchObject({ level: "warn", msg: "the certificate stays as it was" });
      const socket = await shownBy(vault, first);
      expect(fingerprint(socket)).toBe(fingerprint(kept));
      socket.destroy();
    }

    copyFileSync(second.keyFile, first.keyFile);
    expect(await hangUp()).toMatchObject({ level: "info" });
    const renewed = await shownBy(vault, second);
    expect(fingerprint(renewed)).not.toBe(fingerprint(kept));
    // A connection goes on with what it was shown.
    expect((await old.send("GET", "/healthz")).status).toBe(200);
    old.close();
    kept.destroy();
    renewed.destroy();
    expect((await vault.process.end()).code).toBe(0);
    for (const { folder } of [first, second]) {
      rmSync(folder, { recursive: true });
    }
  });
}

function refusesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, "127.0.0.1");
    socket.once("connect", () => resolve(false)).once("error", () => resolve(true));
    socket.once("connect", () => socket.destroy());
  });
}

async function shownBy({ host, port }: Vault, { cert }: Certificate): Promise<TLSSocket> {
  const socket = connect({ host, port, ca: cert });
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  return socket;
}
