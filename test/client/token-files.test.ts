import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createZscClient, tokenFromFile } from "../../src/client/index.ts";
import { startTestVault, type TestVault } from "../../src/testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "zsc-token-"));
const file = join(folder, "token");
let vault: TestVault;
beforeAll(async () => {
  vault = await startTestVault({ secrets: { one: { value: "1", boundZid: "ZEQ-APP" } } });
}, 60_000);
afterAll(async () => {
  await vault.close();
  rmSync(folder, { recursive: true });
});

const clientOf = (baseUrl = vault.url) => createZscClient({ baseUrl, token: tokenFromFile(file), env: {} });

describe("a token from a file", () => {
  test("is read when it is needed, without one line break at its end", async () => {
    const client = clientOf();
    for (const end of ["", "\n", "\r\n"]) {
      writeFileSync(file, `${await vault.tokenFor("ZEQ-APP")}${end}`);
      expect(await client.read("one")).toBe("1");
    }
    writeFileSync(file, `${await vault.tokenFor("ZEQ-APP")}\n\n`);
    await expect(client.read("one")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("is read again when the file has changed", async () => {
    const token = tokenFromFile(file);
    writeFileSync(file, "first");
    expect(await token.token()).toBe("first");
    writeFileSync(file, "second-one");
    expect(await token.token()).toBe("second-one");
    unlinkSync(file);
    // As Kubernetes does it: the name is a link, which is turned.
    writeFileSync(join(folder, "third"), "third");
    symlinkSync(join(folder, "third"), file);
    expect(await token.token()).toBe("third");
    unlinkSync(file);
  });

  test("is read once more when the vault refuses it, and the call is made again with another one", async () => {
    // A file system that tells no change: the file is renewed between its being looked at and the vault's answer.
    const asked: boolean[] = [];
    const stale = {
      path: file,
      async token(anew = false) {
        asked.push(anew);
        return anew ? await vault.tokenFor("ZEQ-APP") : "old";
      },
    };
    const client = createZscClient({ baseUrl: vault.url, token: stale, env: {} });
    expect(await client.read("one")).toBe("1");
    expect(asked).toEqual([false, true]);
  });

  test("is an error when it is the same one", async () => {
    writeFileSync(file, "no token of this vault".replaceAll(" ", "-"));
    await expect(clientOf().read("one")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("is an error that says what is wrong with the file", async () => {
    rmSync(file, { force: true });
    await expect(clientOf().read("one")).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: `the token file ${file} cannot be read (ENOENT)`,
    });
    writeFileSync(file, "");
    await expect(clientOf().read("one")).rejects.toMatchObject({ message: "the token is empty" });
  });
});
