import { connections } from "./bad-input/connections.ts";
import { jsonBodies } from "./bad-input/json-bodies.ts";
import { messages } from "./bad-input/messages.ts";
import { noEcho } from "./bad-input/no-echo.ts";
import { badTokens } from "./bad-input/tokens.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";

/** Whatever a caller may send: one decided answer, and the server goes on. */
describe("bad input", () => {
  let opened: Vault | undefined;
  const vault = () => {
    if (opened === undefined) {
      throw new Error("the vault is not open");
    }
    return opened;
  };
  beforeAll(async () => {
    opened = await openVault();
  }, 90_000);
  afterAll(closeVaults, 60_000);

  describe("in JSON bodies", () => jsonBodies(vault));
  describe("in gRPC messages", () => messages(vault));
  describe("in tokens", () => badTokens(vault));
  describe("is never quoted", () => noEcho(vault));
  describe("on connections", () => connections(vault));

  test("no call of all that failed for a reason of ours", () => {
    const failed = vault()
      .process.log()
      .filter(({ level }) => level === "error");
    expect(failed).toEqual([]);
    expect(vault().process.stderr()).toBe("");
  });

  test("the chain verifies at the end of all that", async () => {
    expect(await vault().verify()).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok\n$/) });
  });
});
