import { createZscClient } from "../../src/client/index.ts";
import { answerRead, openGateway } from "./gateway.ts";

/** Read by whoever waits for an answer of the client; an error that nobody listens to would fail the suite by itself. */
const outcome = (reading: Promise<string>) =>
  reading.then(
    (value) => value,
    (error: { code: string }) => error.code,
  );

describe("a connection whose peer has gone without a word", () => {
  test("costs the calls that wait on it, once, and the next one opens a new connection", async () => {
    const gateway = await openGateway((stream) => answerRead(stream));
    const client = createZscClient({ baseUrl: gateway.baseUrl, token: "t", env: {}, retry: false, timeoutMs: 2_500 });
    for (let time = 1; time <= 3; time++) {
      expect(await outcome(client.read("name"))).toBe("the value");
      expect(gateway.connections()).toBe(time);
      gateway.forget();
      const lost = await Promise.all([1, 2, 3].map(() => outcome(client.read("name"))));
      expect(lost).toEqual(["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"]);
    }
    expect(await outcome(client.read("name"))).toBe("the value");
    await gateway.stop();
  }, 30_000);

  test("costs nothing but time when calls may be made again", async () => {
    const gateway = await openGateway((stream) => answerRead(stream));
    const client = createZscClient({ baseUrl: gateway.baseUrl, token: "t", env: {}, timeoutMs: 2_500 });
    expect(await outcome(client.read("name"))).toBe("the value");
    gateway.forget();
    expect(await Promise.all([1, 2].map(() => outcome(client.read("name"))))).toEqual(["the value", "the value"]);
    await gateway.stop();
  }, 30_000);

  test("costs nothing when it was idle for long enough to be doubted", async () => {
    const gateway = await openGateway((stream) => answerRead(stream));
    const client = createZscClient({ baseUrl: gateway.baseUrl, token: "t", env: {}, retry: false, timeoutMs: 2_500 });
    expect(await outcome(client.read("name"))).toBe("the value");
    gateway.forget();
    // Longer than the interval of its pings.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await Promise.all([1, 2].map(() => outcome(client.read("name"))))).toEqual(["the value", "the value"]);
    expect(gateway.connections()).toBe(2);
    await gateway.stop();
  }, 30_000);

  test("is noticed within the time of a call, however short that is", async () => {
    const gateway = await openGateway((stream) => answerRead(stream));
    const client = createZscClient({ baseUrl: gateway.baseUrl, token: "t", env: {}, retry: false, timeoutMs: 1_200 });
    expect(await outcome(client.read("name"))).toBe("the value");
    gateway.forget();
    expect(await outcome(client.read("name"))).toBe("UNAVAILABLE");
    expect(await outcome(client.read("name"))).toBe("the value");
    await gateway.stop();
  }, 30_000);
});
