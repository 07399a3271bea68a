import { type RunningJobs, startJobs } from "../../src/jobs/loop.ts";
import { type RotationOptions, rotationJob } from "../../src/jobs/rotation.ts";
import type { Store } from "../../src/ledger/store.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { startZeqond } from "../support/ledger.ts";
import { newPlaces, openRotatingVault, type RotatingVault } from "./rotating-vault.ts";

afterAll(cleanUpDatabases);

describe.each(newPlaces)("the daemon on %s", (_kind, newPlace) => {
  let vault: RotatingVault;
  let daemons: RunningJobs[] = [];

  beforeEach(async () => {
    vault = await openRotatingVault(newPlace);
  });
  afterEach(async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    daemons = [];
    await vault?.close();
  });

  const start = (options: RotationOptions) => {
    const daemon = startJobs([rotationJob(options)], options.log);
    daemons.push(daemon);
    return daemon;
  };
  const versionBecomes = async (name: string, version: number) => {
    while ((await vault.secret(name)).version < version) {
      await pause();
    }
  };

  test("looks at start, and again and again", async () => {
    await vault.set("first", { expiresZeqond: startZeqond });
    await vault.set("second", { expiresZeqond: startZeqond + 100 });
    start(await vault.replica());
    await versionBecomes("first", 2);
    vault.clock.advanceZeqonds(100);
    await versionBecomes("second", 2);
    expect(await vault.secret("first")).toMatchObject({ version: 2 });
    await daemons[0]?.stop();
    expect(vault.lines).toEqual(Array(2).fill({ level: "info", count: 1, message: "secrets rotated" }));
  });

  test("with another beside it rotates each secret once", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `due ${index}`);
    for (const name of names) {
      await vault.set(name, { expiresZeqond: startZeqond });
    }
    start(await vault.replica());
    start(await vault.replica());
    for (const name of names) {
      await versionBecomes(name, 2);
    }
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    expect((await vault.rows()).length).toBe(40);
    expect(vault.lines.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(20);
  });

  test.each(["secret", "audit_head"])(
    "repeats a pass that failed, with one line for the outage and one for its end, here because the table %s was away",
    async (table) => {
      await vault.set("due", { expiresZeqond: startZeqond });
      const replica = await vault.replica();
      let looks = 0;
      const page: Store["page"] = (...question) => {
        looks++;
        return replica.store.page(...question);
      };
      await vault.place.sql(`ALTER TABLE ${table} RENAME TO away`);
      start({ ...replica, store: { page } });
      while (looks < 4) {
        await pause();
      }
      await vault.place.sql(`ALTER TABLE away RENAME TO ${table}`);
      await versionBecomes("due", 2);
      while (vault.lines.length < 3) {
        await pause();
      }
      await daemons[0]?.stop();
      expect(vault.lines).toEqual([
        { level: "warn", reason: expect.any(String), message: "the rotation pass waits for the database" },
        { level: "info", count: 1, message: "secrets rotated" },
        { level: "info", message: "the rotation pass runs again" },
      ]);
    },
  );

  test("tries what does not open again after pauses that grow to an hour, and what opens again at once", async () => {
    const names = ["broken", "mended"];
    for (const name of names) {
      await vault.set(name, { expiresZeqond: startZeqond });
    }
    await vault.place.sql("UPDATE secret SET bound_zid = 'ZEQ-THIEF'");
    let looks = 0;
    const replica = await vault.replica();
    const page: Store["page"] = (...question) => {
      looks += 1;
      return replica.store.page(...question);
    };
    start({ ...replica, store: { page } });
    // A pass that has begun since, and is over.
    const nextPass = async () => {
      const before = looks;
      while (looks < before + 3) {
        await pause();
      }
    };
    const triesOf = async (name: string) => {
      const sql = `SELECT COUNT(*) FROM audit_log WHERE origin_id = 'zsc:${name}' AND proof_purpose = 'error'`;
      return Number((await vault.place.sql(sql))[0]?.[0]);
    };
    await nextPass();
    await nextPass();
    expect(await triesOf("broken")).toBe(1);
    const triedAfter: number[] = [];
    const stepZeqonds = 100;
    for (let elapsed = stepZeqonds; elapsed <= 11_000; elapsed += stepZeqonds) {
      const before = await triesOf("broken");
      vault.clock.advanceZeqonds(stepZeqonds);
      await nextPass();
      if ((await triesOf("broken")) > before) {
        triedAfter.push(elapsed);
      }
    }
    const pauses = triedAfter.map((elapsed, index) => elapsed - (triedAfter[index - 1] ?? 0));
    // An hour is 4,633.2 Zeqonds, the step after it 4,700.
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 4_700]);
    expect(await triesOf("broken")).toBe(1 + triedAfter.length);

    await vault.place.sql("UPDATE secret SET bound_zid = 'ZEQ-SYS' WHERE name = 'mended'");
    vault.clock.advanceZeqonds(4_700);
    await versionBecomes("mended", 2);
    expect(await vault.secret("broken")).toMatchObject({ version: 1 });
  }, 60_000);

  test("rotates nothing any more once it has stopped", async () => {
    const daemon = start(await vault.replica());
    await daemon.stop();
    await vault.set("due", { expiresZeqond: startZeqond });
    for (let turn = 0; turn < 10; turn++) {
      await pause();
    }
    expect(await vault.secret("due")).toMatchObject({ version: 1 });
    await daemon.stop();
  });

  test("finishes what is under way before it has stopped", async () => {
    await vault.set("due", { expiresZeqond: startZeqond });
    const replica = await vault.replica();
    let entered = () => {};
    const isLooking = new Promise<void>((resolve) => {
      entered = resolve;
    });
    let goOn = () => {};
    const released = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const page: Store["page"] = async (...question) => {
      entered();
      await released;
      return await replica.store.page(...question);
    };
    const daemon = start({ ...replica, store: { page } });
    await isLooking;
    let hasStopped = false;
    const stopped = daemon.stop().then(() => {
      hasStopped = true;
    });
    await pause();
    expect(hasStopped).toBe(false);
    goOn();
    await stopped;
    expect(await vault.secret("due")).toMatchObject({ version: 1 });
    expect(vault.lines).toEqual([]);
  });
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
