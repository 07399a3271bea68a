// Tests of that application, against a vault of their own.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import {
  type FailNextOptions,
  type FailureReason,
  startTestVault,
  type TestRow,
  type TestSecret,
  type TestVault,
  type TestVaultOptions,
} from "zsc-vault/testing";
import { connect, isOnePackage, receiptOf, rename, report, services, start, tokenIn, why } from "./application.js";

const password: TestSecret = { value: "correct horse", boundZid: "ZEQ-APP" };
const options: TestVaultOptions = {
  secrets: { user: { value: "app", boundZid: "ZEQ-APP" }, password, other: "somebody else's" },
  clock: new Date("2030-01-01T00:00:00Z"),
};
const vault: TestVault = await startTestVault(options);
const token = await vault.tokenFor("ZEQ-APP");
const client = connect(vault.url, token, { only: "in the environment" });

assert.ok(isOnePackage);
assert.deepEqual(services, ["zsc.v1.ZeqContext", "zsc.v1.ZscAdmin"]);
assert.equal(await start(client), "app:correct horse");
assert.deepEqual(await report(client, ["user", "other", "only", "none"]), [
  "user: vault",
  "other: DENIED",
  "only: env",
  "none: NOT_FOUND",
]);
assert.deepEqual(
  await rename(
    connect(vault.url, () => vault.tokenFor("ZEQ-BOSS", "admin"), {}),
    "other",
    "ZEQ-APP",
  ),
  ["ZEQ-APP"],
);
assert.equal(await why(client.readSecret("other")), "read");
const { admin } = connect(vault.url, () => vault.tokenFor("ZEQ-BOSS", "admin"), {});
assert.equal(await receiptOf(admin, "other"), (await vault.rows()).at(-1)?.receipt);

const reason: FailureReason = "SEAL_BROKEN";
const once: FailNextOptions = { times: 1 };
vault.failNext(reason, once);
assert.equal(await why(client.readSecret("other")), reason);

writeFileSync("token", `${token}\n`);
assert.equal(await connect(vault.url, tokenIn("token"), {}).read("user"), "app");
rmSync("token");

await vault.advance(86_400);
const rows: readonly TestRow[] = await vault.rows();
assert.deepEqual(
  rows
    .filter(({ type }) => type === "secret_rotated")
    .map(({ name }) => name)
    .sort(),
  ["other", "password", "user"],
);
assert.ok(![inspect(client, { depth: 9, showHidden: true }), JSON.stringify(client)].join().includes(token));
await vault.close();
console.log("ok");
