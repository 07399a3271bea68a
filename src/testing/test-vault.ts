import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { mintToken } from "../auth/index.ts";
import { momentOf } from "../base/index.ts";
import { type Ledger, type RunningVault, startVault } from "../compose.ts";
import { type Config, loadConfig } from "../config/index.ts";
import { type MovableClock, movableClock } from "./clock.ts";
import { createFailures, type FailNextOptions, type FailureReason, type Failures } from "./failures.ts";
import { openPrivateFolder, type PrivateFolder } from "./folder.ts";
import { createManager } from "./manage.ts";
import { readRows, type TestRow } from "./rows.ts";

/**
 * A secret with more than its value. What is absent is as in the vault's own `set`.
 *
 * @example
 *     const secret: TestSecret = { value: "correct horse", boundZid: "ZEQ-APP" };
 */
export interface TestSecret {
  /** 1 to 65,536 bytes. */
  readonly value: string;
  /** The ZID that owns it; `ZEQ-SYS` unless given. */
  readonly boundZid?: string | undefined;
  /** Further ZIDs that may read it. */
  readonly permissions?: readonly string[] | undefined;
  readonly purposeTag?: string | null | undefined;
  /** Null: never rotated by itself. */
  readonly expiresZeqond?: number | null | undefined;
}

/**
 * What `startTestVault` takes.
 *
 * @example
 *     const options: TestVaultOptions = { secrets: { "db-password": { value: "hunter2", boundZid: "ZEQ-APP" } } };
 */
export interface TestVaultOptions {
  /** By name, set in their order. A text is the value of a secret that only `ZEQ-SYS` reads, until somebody is granted it. */
  readonly secrets?: Readonly<Record<string, string | TestSecret>> | undefined;
  /** A moment at which the vault's time stands until it is advanced, or a clock that it goes by; the system's unless given. */
  readonly clock?: Date | { nowMs(): number } | undefined;
}

/**
 * A vault for tests.
 *
 * @example
 *     const clientOf = async (vault: TestVault, zid: string) =>
 *       createZscClient({ baseUrl: vault.url, token: await vault.tokenFor(zid), env: {} });
 */
export interface TestVault {
  /** Its origin, for example `http://127.0.0.1:40123`: gRPC, Connect, gRPC-Web and JSON. */
  readonly url: string;

  /**
   * A token of that ZID, good for ten years of the vault's clock.
   *
   * @param role `caller` unless given: who reads. `admin` manages, `system` reads on behalf of others.
   * @example
   *     const token = await vault.tokenFor("ZEQ-APP", "caller");
   */
  tokenFor(zid: string, role?: "caller" | "admin" | "system"): Promise<string>;

  /**
   * Creates a secret or gives it another value, as an admin.
   *
   * @throws Error that says what the vault says
   * @example
   *     await vault.set("db-password", { value: "correct horse", boundZid: "ZEQ-APP" });
   */
  set(name: string, secret: string | TestSecret): Promise<void>;

  /**
   * Lets a ZID read a secret, as an admin.
   *
   * @throws Error that says what the vault says
   * @example
   *     await vault.grant("db-password", "ZEQ-APP");
   */
  grant(name: string, zid: string): Promise<void>;

  /**
   * The audit log, oldest row first, with what `set` and `grant` have left in it.
   *
   * @example
   *     expect((await vault.rows()).at(-1)).toMatchObject({ type: "secret_read", actorZid: "ZEQ-APP" });
   */
  rows(): Promise<readonly TestRow[]>;

  /**
   * The vault's time.
   *
   * @example
   *     await vault.set("soon", { value: "v", expiresZeqond: vault.nowZeqond() + 10 });
   */
  nowZeqond(): number;

  /**
   * Moves the vault's clock on. Resolves when what is due by then has happened: secrets are rotated, windows are over.
   *
   * @example
   *     await vault.advance(60); // denials are forgotten
   */
  advance(zeqonds: number): Promise<void>;

  /**
   * The next call that the vault would have looked at fails in this way, whoever makes it, and leaves no row. `set` and
   * `grant` of this object are not such calls. Said twice, it is two calls.
   *
   * @example
   *     vault.failNext("STORE_UNAVAILABLE");
   */
  failNext(reason: FailureReason, options?: FailNextOptions): void;

  /**
   * Ends it: what is in flight has a second. Its database is gone then. May be called twice.
   *
   * @example
   *     afterAll(() => vault.close());
   */
  close(): Promise<void>;
}

const adminZid = "ZEQ-TEST-VAULT";
/** As the port names it to the ledger. */
const adminPrincipal = `admin ${adminZid}`;
const tokenTtlMs = 10 * 365 * 86_400_000;

/**
 * Starts a vault in this process: the real server on a free port of loopback, with keys and a database of its own that are
 * gone when it is closed. No environment variable and no file of the user is read or written; start as many as you like.
 *
 * @throws Error when a secret is none that a vault would take
 * @example
 *     const vault = await startTestVault({ secrets: { "db-password": { value: "hunter2", boundZid: "ZEQ-APP" } } });
 *     const client = createZscClient({ baseUrl: vault.url, token: await vault.tokenFor("ZEQ-APP"), env: {} });
 *     expect(await client.read("db-password")).toBe("hunter2");
 *     await vault.close();
 */
export async function startTestVault(options: TestVaultOptions = {}): Promise<TestVault> {
  const clock = movableClock(options.clock);
  const folder = openPrivateFolder();
  try {
    const opened = await open(folder, clock);
    const vault = testVaultOf(opened, folder, clock);
    try {
      for (const [name, secret] of Object.entries(options.secrets ?? {})) {
        await vault.set(name, secret);
      }
      return vault;
    } catch (error) {
      await vault.close();
      throw error;
    }
  } catch (error) {
    folder.remove();
    throw error;
  }
}

interface Opened {
  readonly config: Config;
  readonly running: RunningVault;
  readonly ledger: Ledger;
  readonly failures: Failures;
}

async function open(folder: PrivateFolder, clock: MovableClock): Promise<Opened> {
  const config = loadConfig({
    ZSC_MODE: "production",
    ZSC_MASTER_KEY: randomBytes(32).toString("hex"),
    ZSC_JWT_SECRET: randomBytes(48).toString("base64"),
    ZSC_DATABASE_URL: `sqlite:${join(folder.path, "zsc.db")}`,
    ZSC_LISTEN: "127.0.0.1:0",
    ZSC_SHUTDOWN_SECONDS: "1",
  });
  const failures = createFailures();
  let ledger: Ledger | undefined;
  const between = (opened: Ledger) => {
    ledger = opened;
    return failures.before(opened.sequencer, adminPrincipal);
  };
  const running = await startVault(config, silent, {}, "testing", { clock, between });
  if (ledger === undefined) {
    throw new Error("a vault without a ledger");
  }
  return { config, running, ledger, failures };
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

function testVaultOf(opened: Opened, folder: PrivateFolder, clock: MovableClock): TestVault {
  const { config, running, ledger, failures } = opened;
  const url = `http://${running.address.host}:${running.address.port}`;
  const { jwt } = config;
  const tokenFor: TestVault["tokenFor"] = (zid, role = "caller") =>
    mintToken({ ...jwt, secret: jwt.secret.bytes, zid, role, ttlMs: tokenTtlMs, clock });
  const manager = createManager(url, () => tokenFor(adminZid, "admin"));
  let closed: Promise<void> | undefined;
  const close = async () => {
    manager.close();
    await running.stop();
    folder.remove();
  };
  return {
    url,
    tokenFor,
    set: (name, given) =>
      manager.post("/api/zsc/set", { name, ...(typeof given === "string" ? { value: given } : given) }),
    grant: (name, zid) => manager.post(`/api/zsc/grant/${encodeURIComponent(name)}`, { zid }),
    rows: () => readRows(ledger.store),
    nowZeqond: () => momentOf(clock).zeqond,
    async advance(zeqonds) {
      clock.advance(zeqonds);
      await running.runJobs();
    },
    failNext: failures.failNext,
    close() {
      closed ??= close();
      return closed;
    },
  };
}
