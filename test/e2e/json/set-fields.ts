import { setTimeout as sleep } from "node:timers/promises";
import { freshName, metadataOf, newSecret, nowZeqond, setSecret } from "../support/secrets.ts";
import type { Vault } from "../support/vault.ts";

const rotationZeqonds = 86_400;

/** What `set` makes of fields that are given, absent and null, on a create and on an update. */
export function setFields(vault: () => Vault): void {
  const everything = {
    purposeTag: "billing",
    boundZid: "ZEQ-OWNER",
    permissions: ["ZEQ-2", "ZEQ-1", "ZEQ-2"],
    expiresZeqond: 9_000_000_000,
  };

  test("keeps everything that it is given, permissions in their order and once each", async () => {
    const name = await newSecret(vault(), everything);
    expect(await metadataOf(vault(), name)).toMatchObject({
      purpose_tag: "billing",
      bound_zid: "ZEQ-OWNER",
      permissions: ["ZEQ-2", "ZEQ-1"],
      expires_zeqond: 9_000_000_000,
    });
  });

  test("leaves on an update what is absent, and moves the expiry", async () => {
    const name = await newSecret(vault(), everything);
    const before = await metadataOf(vault(), name);
    const from = nowZeqond();
    await sleep(2);
    await setSecret(vault(), { name, value: "another value" });
    const after = await metadataOf(vault(), name);
    expect({ ...after, expires_zeqond: 0, updated_at: "" }).toEqual({ ...before, expires_zeqond: 0, updated_at: "" });
    expect(after.updated_at > before.updated_at).toBe(true);
    expect(after.expires_zeqond).toBeGreaterThanOrEqual(from + rotationZeqonds);
    expect(after.expires_zeqond).toBeLessThanOrEqual(nowZeqond() + rotationZeqonds);
  });

  test.each([
    ["purposeTag null clears the tag", { purposeTag: null }, { purpose_tag: null }],
    ["an empty purposeTag clears the tag", { purposeTag: "" }, { purpose_tag: null }],
    ["boundZid null is as absent", { boundZid: null }, { bound_zid: "ZEQ-OWNER" }],
    ["permissions null are as absent", { permissions: null }, { permissions: ["ZEQ-2", "ZEQ-1"] }],
    ["an empty list takes all permissions away", { permissions: [] }, { permissions: [] }],
    ["expiresZeqond null means never", { expiresZeqond: null }, { expires_zeqond: null }],
    ["another owner", { boundZid: "ZEQ-NEW" }, { bound_zid: "ZEQ-NEW" }],
  ])("on an update: %s", async (_what, change, expected) => {
    const name = await newSecret(vault(), everything);
    await setSecret(vault(), { name, ...change });
    expect(await metadataOf(vault(), name)).toMatchObject(expected);
  });

  test("nulls on a create are defaults, but expiresZeqond null is never", async () => {
    const nulls = { purposeTag: null, boundZid: null, permissions: null, expiresZeqond: null };
    expect(await metadataOf(vault(), await newSecret(vault(), nulls))).toMatchObject({
      purpose_tag: null,
      bound_zid: "ZEQ-SYS",
      permissions: [],
      expires_zeqond: null,
    });
  });

  test("drops permissions that are not strings", async () => {
    const name = await newSecret(vault(), { permissions: [1, "ZEQ-A", null, {}, ["ZEQ-B"], true, "ZEQ-C"] });
    expect((await metadataOf(vault(), name)).permissions).toEqual(["ZEQ-A", "ZEQ-C"]);
  });

  test.each([
    ["a number", 4_000_000_001, 4_000_000_001],
    ["a decimal string", "4000000001", 4_000_000_001],
    ["zero", 0, 0],
    ["the largest number", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ["the largest number as a string", "9007199254740991", Number.MAX_SAFE_INTEGER],
    ["a number written with an exponent", "RAW:4e9", 4_000_000_000],
  ])("takes expiresZeqond as %s", async (_what, expiresZeqond, expected) => {
    const name = freshName();
    const body = JSON.stringify({ name, value: "v", expiresZeqond }).replace(/"RAW:(.*?)"/, "$1");
    expect((await vault().send("POST", "/api/zsc/set", { body })).status).toBe(200);
    expect((await metadataOf(vault(), name)).expires_zeqond).toBe(expected);
  });

  test("ignores fields that it does not know, its own inner ones among them", async () => {
    const name = await newSecret(vault(), { colour: "red", expiresNever: true, purpose_tag: "x", bound_zid: "ZEQ-X" });
    expect(await metadataOf(vault(), name)).toMatchObject({
      purpose_tag: null,
      bound_zid: "ZEQ-SYS",
      expires_zeqond: expect.any(Number),
    });
  });

  test("updated_at moves on set, rotate, grant and revoke; created_at and id never move", async () => {
    const name = await newSecret(vault());
    let before = await metadataOf(vault(), name);
    const calls: readonly (readonly [string, unknown])[] = [
      ["/api/zsc/set", { name, value: "v2" }],
      [`/api/zsc/rotate/${name}`, undefined],
      [`/api/zsc/grant/${name}`, { zid: "ZEQ-1" }],
      [`/api/zsc/revoke/${name}`, { zid: "ZEQ-1" }],
    ];
    for (const [path, body] of calls) {
      // Times are told in milliseconds, and two calls may share one.
      await sleep(2);
      await vault().send("POST", path, { body });
      const after = await metadataOf(vault(), name);
      expect(after.updated_at > before.updated_at).toBe(true);
      expect([after.created_at, after.id]).toEqual([before.created_at, before.id]);
      before = after;
    }
  });

  test("a secret that was deleted and set again is another one", async () => {
    const name = await newSecret(vault(), everything);
    const { id } = await metadataOf(vault(), name);
    await vault().send("DELETE", `/api/zsc/${name}`);
    await setSecret(vault(), { name });
    const again = await metadataOf(vault(), name);
    expect(again).toMatchObject({ purpose_tag: null, bound_zid: "ZEQ-SYS", permissions: [], read_count: 0 });
    expect(again.id).not.toBe(id);
  });

  test("rotate moves the expiry, also of a secret that was never to expire", async () => {
    const name = await newSecret(vault(), { expiresZeqond: null });
    const from = nowZeqond();
    await vault().send("POST", `/api/zsc/rotate/${name}`);
    expect((await metadataOf(vault(), name)).expires_zeqond).toBeGreaterThanOrEqual(from + rotationZeqonds);
  });
}
