import { inspect } from "node:util";
import { createZscClient, type ZscClientOptions, ZscError } from "../../src/client/index.ts";
import { answerRead, openGateway } from "./gateway.ts";

const canary = "CANARY";

describe("a token that is none", () => {
  const none: readonly unknown[] = [
    undefined,
    null,
    42,
    {},
    "",
    " ",
    "undefined token",
    ...["\n", "\r\n", "\0", "\t", "\u00e9", "\u{1F511}", '"', ","].map((odd) => canary + odd),
    `\n${canary}`,
    `${canary}\r\nx-injected: yes`,
  ];

  test.each(none)("is not sent and not quoted: %j", async (token) => {
    let streams = 0;
    const gateway = await openGateway((stream) => {
      streams++;
      answerRead(stream);
    });
    const { baseUrl } = gateway;
    for (const given of [token, () => token, async () => token]) {
      const client = createZscClient({ baseUrl, token: given as ZscClientOptions["token"], env: {} });
      const error = await client.read("name").catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ZscError);
      expect((error as ZscError).code).toBe("UNAUTHENTICATED");
      expect(inspect(error, { depth: 9 })).not.toContain(canary);
    }
    expect(streams).toBe(0);
    await gateway.stop();
  });
});

test("a token may hold every character of base64, in both alphabets", async () => {
  const gateway = await openGateway((stream) => answerRead(stream));
  const client = createZscClient({ baseUrl: gateway.baseUrl, token: "aZ09-._~+/==", env: {} });
  expect(await client.read("name")).toBe("the value");
  await gateway.stop();
});
