import { freshName, metadataOf, newSecret, payloadsOf, probe, receiptText, whileAltered } from "../support/secrets.ts";
import { admin, type Vault } from "../support/vault.ts";

const granted = { ok: true, granted: true };
const no = (reason: string) => ({ ok: true, granted: false, reason });

/** A probe answers what a read would, in each of its ways. */
export function probes(vault: () => Vault): void {
  test("the owner, the permitted and the system may read, and nobody else", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-OWNER", permissions: ["ZEQ-FRIEND"] });
    for (const zid of ["ZEQ-OWNER", "ZEQ-FRIEND", "ZEQ-SYS"]) {
      expect(await probe(vault(), name, zid)).toEqual(granted);
    }
    expect(await probe(vault(), name, "ZEQ-PROBE-STRANGER")).toEqual(no("denied"));
    expect(await probe(vault(), name, "zeq-owner")).toEqual(no("denied"));
  });

  test("a revoke counts at once", async () => {
    const name = await newSecret(vault(), { permissions: ["ZEQ-FRIEND"] });
    await vault().send("POST", `/api/zsc/revoke/${name}`, { body: { zid: "ZEQ-FRIEND" } });
    expect(await probe(vault(), name, "ZEQ-FRIEND")).toEqual(no("denied"));
  });

  test("a name that does not exist is not_found, which is no denial", async () => {
    const name = freshName("none");
    for (let time = 0; time < 7; time++) {
      expect(await probe(vault(), name, "ZEQ-SEEKER")).toEqual(no("not_found"));
    }
  });

  test.each([
    ["the value was altered", "sealed_value = x'01020304'"],
    ["the data key was altered", "sealed_key = x'01020304'"],
    ["the owner was altered", "bound_zid = 'ZEQ-EVIL'"],
    ["the permissions were altered", `permissions = '["ZEQ-SYS"]'`],
    ["the version was altered", "version = version + 1"],
  ])("the reason is error when %s in the database", async (_what, change) => {
    const name = await newSecret(vault());
    await whileAltered(vault(), name, change, async () => {
      const answer = await probe(vault(), name, "ZEQ-SYS");
      expect(answer).toEqual({ ...no("error"), detail: "the sealed value does not open" });
      const rotated = await vault().send("POST", `/api/zsc/rotate/${name}`);
      expect([rotated.status, rotated.receipt]).toEqual([500, expect.stringMatching(receiptText)]);
      expect(rotated.json).toEqual({ ok: false, error: "INTERNAL_ERROR", detail: "the sealed value does not open" });
      const deleted = await vault().send("DELETE", `/api/zsc/${name}`);
      expect([deleted.status, deleted.receipt]).toEqual([500, expect.stringMatching(receiptText)]);
      const detail = "the secret is not what the audit log says so it cannot be changed";
      expect(deleted.json).toEqual({ ok: false, error: "INTERNAL_ERROR", detail });
    });
  });

  test("the purpose is kept; without one, or with an empty one, it is probe_check", async () => {
    const name = await newSecret(vault());
    await probe(vault(), name, "ZEQ-SYS", "nightly check");
    await probe(vault(), name, "ZEQ-SYS", "");
    await probe(vault(), name, "ZEQ-SYS");
    const payloads = (await payloadsOf(vault(), name)).slice(1);
    expect(payloads.map(({ purpose }) => purpose)).toEqual(["nightly check", "probe_check", "probe_check"]);
  });

  test("a refused probe leaves its reason, and no probe counts as a read", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-OWNER" });
    await probe(vault(), name, "ZEQ-OWNER");
    await probe(vault(), name, "ZEQ-UNCOUNTED");
    expect((await payloadsOf(vault(), name)).slice(1)).toEqual([
      { name, purpose: "probe_check", purpose_tag: null, by: admin },
      { name, purpose: "probe_check", reason: "denied", by: admin },
    ]);
    expect(await metadataOf(vault(), name)).toMatchObject({ read_count: 0, last_read_zeqond: null });
  });
}

/** Five denials within 60 Zeqonds shut a ZID out. */
export function denialLimiter(vault: () => Vault): void {
  async function deny(zid: string, times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      const name = await newSecret(vault());
      expect(await probe(vault(), name, zid)).toEqual(no("denied"));
    }
  }

  test("shuts a ZID out after five denials over all names, whatever it asks for then", async () => {
    const own = await newSecret(vault(), { boundZid: "ZEQ-L1" });
    await deny("ZEQ-L1", 4);
    expect(await probe(vault(), own, "ZEQ-L1")).toEqual(granted);
    await deny("ZEQ-L1", 1);
    expect(await probe(vault(), own, "ZEQ-L1")).toEqual(no("rate_limited"));
    expect(await probe(vault(), freshName("none"), "ZEQ-L1")).toEqual(no("rate_limited"));
    expect(await probe(vault(), own, "ZEQ-SYS")).toEqual(granted);
  });

  test("a grant or a revoke does not let it in again", async () => {
    const name = await newSecret(vault());
    await deny("ZEQ-L2", 5);
    for (const call of ["grant", "revoke", "grant"]) {
      await vault().send("POST", `/api/zsc/${call}/${name}`, { body: { zid: "ZEQ-L2" } });
      expect(await probe(vault(), name, "ZEQ-L2")).toEqual(no("rate_limited"));
    }
  });

  test("holds across a restart, and ends with its window", async () => {
    const own = await newSecret(vault(), { boundZid: "ZEQ-L3" });
    await deny("ZEQ-L3", 5);
    await vault().restart();
    expect(await probe(vault(), own, "ZEQ-L3")).toEqual(no("rate_limited"));
    const turnBack = (zeqonds: number) =>
      vault().sql(`UPDATE denial SET zeqond = zeqond - ${zeqonds} WHERE zid = 'ZEQ-L3'`);
    await turnBack(60);
    expect(await probe(vault(), own, "ZEQ-L3")).toEqual(granted);
    await turnBack(-60);
  });
}
