import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { resolve } from "node:path";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { until } from "../../support/until.ts";
import { holdHead, serverWaits, untilServerHas } from "../support/head-lock.ts";
import { grpcJsClient } from "../support/rpc-clients.ts";
import { freshName, newSecret, rowsOf } from "../support/secrets.ts";
import { databaseKinds, openVault, type Vault } from "../support/vault.ts";

const isOpen = async (vault: Vault) => {
  const socket = connect(vault.port, vault.host);
  return await new Promise<boolean>((resolve) => {
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
};

const canary = "CANARY-OF-A-BUG";
/** As code, so that the source that a stack names does not hold it. */
const canaryParts = JSON.stringify(canary.split("-"));

/** SIGTERM, and worse. */
export function stopping(): void {
  test("SIGTERM lets calls in flight finish on every protocol, takes no new ones, and ends with 0", async () => {
    const vault = await openVault({ database: "MariaDB", env: { ZSC_SHUTDOWN_SECONDS: "20" } });
    const client = grpcJsClient(vault);
    const token = await vault.token("system", "ZEQ-SYS");
    const secret = await newSecret(vault);
    await client.call(ZeqContext.method.read, { name: secret }, { token });
    const letGo = await holdHead(vault);
    const names = Array.from({ length: 20 }, () => freshName("in-flight"));
    const sets = names.map((name) => vault.send("POST", "/api/zsc/set", { body: { name, value: "v" } }));
    const reads = Array.from({ length: 20 }, () => client.call(ZeqContext.method.read, { name: secret }, { token }));
    await untilServerHas(vault, 40);
    vault.process.signal("SIGTERM");
    await vault.process.logged("stopping");
    await until(async () => !(await isOpen(vault)));
    await letGo();
    for (const answer of await Promise.all(sets)) {
      expect(answer.status).toBe(200);
    }
    for (const answer of await Promise.all(reads)) {
      expect(answer.message?.value).toBe("a value");
    }
    client.close();
    expect(await vault.process.ended()).toMatchObject({ code: 0, stderr: "" });
    const said = vault.process.log().map(({ msg }) => msg);
    expect(said.slice(said.indexOf("stopping") - 1)).toEqual([
      "call",
      "stopping",
      ...Array(40).fill("call"),
      "stopped",
    ]);
    await vault.start();
    for (const name of names) {
      expect(await rowsOf(vault, name)).toHaveLength(1);
    }
    expect((await vault.verify()).code).toBe(0);
    await vault.close();
  });

  test("its log ends with its last word, whatever else there is to write", async () => {
    const vault = await openVault();
    let isOver = false;
    const worker = async () => {
      while (!isOver) {
        await vault.send("GET", "/api/zsc/list").catch(() => undefined);
      }
    };
    const workers = Array.from({ length: 16 }, worker);
    await until(() => vault.process.log().length > 500);
    vault.process.signal("SIGTERM");
    expect((await vault.process.ended()).code).toBe(0);
    isOver = true;
    await Promise.all(workers);
    expect(vault.process.log().at(-1)?.msg).toBe("stopped");
    await vault.close();
  });

  test("a database that does not let go cannot hold the server beyond its time", async () => {
    const vault = await openVault({ database: "MariaDB", env: { ZSC_SHUTDOWN_SECONDS: "1" } });
    const letGo = await holdHead(vault);
    const call = vault.send("GET", "/api/zsc/list").catch((error: NodeJS.ErrnoException) => error.code);
    await until(async () => (await serverWaits(vault)) > 0);
    vault.process.signal("SIGTERM");
    expect((await vault.process.ended()).code).toBe(0);
    expect(await call).toBe("ECONNRESET");
    await letGo();
    await vault.start();
    expect((await vault.verify()).code).toBe(0);
    await vault.close();
  });

  test("a connection that says nothing does not hold it up", async () => {
    const vault = await openVault({ env: { ZSC_SHUTDOWN_SECONDS: "600" } });
    const silent = connect(vault.port, vault.host);
    await once(silent, "connect");
    await vault.send("GET", "/healthz");
    expect((await vault.process.end()).code).toBe(0);
  });

  test("it does not outlive the process that started it on another Node and cannot tell it any more", async () => {
    const vault = await openVault();
    await vault.process.end();
    const env = { PATH: process.env["PATH"] ?? "", ...vault.env };
    const child = fork(resolve("bin/zsc.mjs"), ["serve"], {
      env,
      execArgv: [],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    let said = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await until(() => said.includes('"listening"'));
    child.disconnect();
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(said).toContain('"stopped"');
    await vault.close();
  });

  test("a second SIGTERM does not wait", async () => {
    const vault = await openVault({ database: "MariaDB", env: { ZSC_SHUTDOWN_SECONDS: "600" } });
    const letGo = await holdHead(vault);
    const call = vault.send("GET", "/api/zsc/list").catch(() => undefined);
    await until(async () => (await serverWaits(vault)) > 0);
    vault.process.signal("SIGTERM");
    await vault.process.logged("stopping");
    vault.process.signal("SIGTERM");
    expect((await vault.process.ended()).code).toBe(1);
    await call;
    await letGo();
    await vault.close();
  });

  test.each([
    ["an error that nobody catches", "throw error"],
    ["a promise that nobody waits for", "Promise.reject(error)"],
  ])("%s ends it with 1 and a line that does not quote it", async (_what, fail) => {
    const bug = `process.on("SIGUSR2", () => { const error = new Error(${canaryParts}.join("-")); error.code = "EBUG"; ${fail}; })`;
    const vault = await openVault({
      env: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(bug)}"` },
    });
    const name = await newSecret(vault);
    vault.process.signal("SIGUSR2");
    const { code, stdout, stderr } = await vault.process.ended();
    expect(code).toBe(1);
    expect(vault.process.log().at(-1)).toMatchObject({
      level: "error",
      msg: "a bug ends the process",
      reason: "Error EBUG",
      stack: expect.stringContaining("    at process.<anonymous>"),
    });
    expect(stdout + stderr).not.toContain(canary);
    await vault.start();
    expect(await rowsOf(vault, name)).toHaveLength(1);
    await vault.close();
  });

  test.each(databaseKinds)("after kill -9 under load it has every acknowledged write, on %s", async (database) => {
    const vault = await openVault({ database });
    const acknowledged: string[] = [];
    let isOver = false;
    const worker = async () => {
      while (!isOver) {
        const name = freshName("load");
        const answer = await vault.send("POST", "/api/zsc/set", { body: { name, value: "v" } }).catch(() => undefined);
        if (answer?.status === 200) {
          acknowledged.push(name);
        }
      }
    };
    const workers = Array.from({ length: 8 }, worker);
    await until(() => acknowledged.length >= 100);
    vault.process.signal("SIGKILL");
    isOver = true;
    await Promise.all(workers);
    await vault.process.ended();

    await vault.start();
    await until(async () => (await vault.sendBare("GET", "/readyz")).status === 200);
    for (const name of acknowledged) {
      expect(await rowsOf(vault, name)).toHaveLength(1);
    }
    expect(await vault.verify()).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok\n$/) });
    await vault.close();
  });
}
