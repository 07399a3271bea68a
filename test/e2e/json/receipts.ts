import type { Answer } from "../support/http.ts";
import { freshName, newSecret, receiptText } from "../support/secrets.ts";
import type { Vault } from "../support/vault.ts";

/** The header `zsc-receipt`: on whatever reached the ledger, and on nothing else. */
export function receipts(vault: () => Vault): void {
  async function expectReceipt(answer: Answer, transitionType: string): Promise<void> {
    expect(answer.receipt).toMatch(receiptText);
    const [seq = "", rowHash] = (answer.receipt ?? "").split(".");
    const [row] = await vault().sql(`SELECT row_hash, transition_type FROM audit_log WHERE seq = ${seq}`);
    expect(row).toEqual([rowHash, transitionType]);
  }

  test("every answered call names the row that records it", async () => {
    const name = await newSecret(vault());
    const send = vault().send;
    await expectReceipt(await send("POST", "/api/zsc/set", { body: { name, value: "v" } }), "secret_set");
    await expectReceipt(await send("POST", `/api/zsc/rotate/${name}`), "secret_rotated");
    await expectReceipt(await send("POST", `/api/zsc/grant/${name}`, { body: { zid: "ZEQ-1" } }), "secret_set");
    await expectReceipt(await send("POST", `/api/zsc/revoke/${name}`, { body: { zid: "ZEQ-1" } }), "secret_set");
    await expectReceipt(await send("GET", "/api/zsc/list"), "admin_list");
    await expectReceipt(await send("GET", `/api/zsc/info/${name}`), "admin_info");
    await expectReceipt(await send("GET", `/api/zsc/audit/${name}`), "admin_audit");
    const probe = (asZid: string) => send("POST", "/api/zsc/probe-permission", { body: { name, asZid } });
    await expectReceipt(await probe("ZEQ-SYS"), "secret_read");
    await expectReceipt(await probe("ZEQ-RECEIPT-STRANGER"), "secret_denied");
    await expectReceipt(await send("DELETE", `/api/zsc/${name}`), "secret_deleted");
  });

  test("a refusal that was recorded carries it too", async () => {
    const name = freshName("nothing");
    const send = vault().send;
    const found = await send("GET", `/api/zsc/info/${name}`);
    expect(found.status).toBe(404);
    await expectReceipt(found, "admin_info");
    await expectReceipt(await send("POST", `/api/zsc/rotate/${name}`), "secret_denied");
    await expectReceipt(await send("POST", `/api/zsc/grant/${name}`, { body: { zid: "ZEQ-1" } }), "secret_denied");
    await expectReceipt(await send("POST", `/api/zsc/revoke/${name}`, { body: { zid: "ZEQ-1" } }), "secret_denied");
    await expectReceipt(await send("DELETE", `/api/zsc/${name}`), "secret_denied");
  });

  test("what never reached the ledger has none, and leaves no row", async () => {
    const caller = await vault().token("caller", "ZEQ-CALLER");
    const head = async () => (await vault().sql("SELECT seq FROM audit_head"))[0]?.[0];
    const before = await head();
    const refusals = [
      [400, await vault().send("POST", "/api/zsc/set", { body: { name: "", value: "v" } })],
      [401, await vault().sendBare("GET", "/api/zsc/list")],
      [403, await vault().send("GET", "/api/zsc/list", { token: caller })],
      [404, await vault().send("GET", "/api/zsc/no/such/path")],
      [405, await vault().send("PUT", "/api/zsc/list")],
      [413, await vault().send("POST", "/api/zsc/set", { body: "x".repeat(1_048_577) })],
    ] as const;
    for (const [status, answer] of refusals) {
      expect([answer.status, answer.receipt]).toEqual([status, undefined]);
    }
    expect(await head()).toBe(before);
  });
}
