// Sets a secret, is refused it, is granted it and reads it, and keeps the receipt of each call: ../README.md.
import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createZscClient, tokenFromFile, ZscError } from "zsc-vault";

const name = "example/typescript";

function keep(what: string, receipt: string | null | undefined): void {
  console.log(`${what}, receipt ${receipt}`);
  appendFileSync("receipts.txt", `${receipt}\n`);
}

function client(tokenFile: string) {
  return createZscClient({ baseUrl: setting("ZSC_URL"), token: tokenFromFile(setting(tokenFile)) });
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
const vault = client("ZSC_TOKEN_FILE");
const kept = (what: string) => ({ onHeader: (headers: Headers) => keep(what, headers.get("zsc-receipt")) });

await admin.set({ name, value }, kept("set"));
try {
  await vault.read(name);
} catch (error) {
  if (!(error instanceof ZscError)) {
    throw error;
  }
  keep(`refused with ${error.code}`, error.receipt);
}
await admin.grant({ name, zid: setting("ZSC_ZID") }, kept("granted"));
const found = await vault.readSecret(name, { purpose: "example" });
keep("read", found.receipt);
if (found.value !== value) {
  throw new Error("not what was set");
}
await admin.delete({ name }, kept("deleted"));
