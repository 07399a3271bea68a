// Sets a secret, is refused it, is granted it and reads it, and keeps the receipt of each call: ../README.md.
import { randomBytes } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { Code, ConnectError } from "@connectrpc/connect";
import { createZscClient } from "zsc-vault";

const name = "example/typescript";

function keep(what: string, receipt: string | null): void {
  console.log(`${what}, receipt ${receipt}`);
  appendFileSync("receipts.txt", `${receipt}\n`);
}

function client(tokenFile: string) {
  const token = () => readFileSync(setting(tokenFile), "utf8").trim();
  return createZscClient({ baseUrl: setting("ZSC_URL"), token });
}

function setting(variable: string): string {
  const value = process.env[variable];
  if (value === undefined) {
    throw new Error(`${variable} is missing`);
  }
  return value;
}

const value = randomBytes(24).toString("base64url");
const { admin } = client("ZSC_ADMIN_TOKEN_FILE");
const { context } = client("ZSC_TOKEN_FILE");
const kept = (what: string) => ({ onHeader: (headers: Headers) => keep(what, headers.get("zsc-receipt")) });

await admin.set({ name, value }, kept("set"));
try {
  await context.read({ name });
} catch (error) {
  const refusal = ConnectError.from(error);
  keep(`refused with ${Code[refusal.code]}`, refusal.metadata.get("zsc-receipt"));
}
await admin.grant({ name, zid: setting("ZSC_ZID") }, kept("granted"));
const { value: found } = await context.read({ name, purpose: "example" }, kept("read"));
if (found !== value) {
  throw new Error("not what was set");
}
await admin.delete({ name }, kept("deleted"));
