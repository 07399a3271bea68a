import { connect } from "node:http2";
import { rawConnection } from "../support/raw-connection.ts";
import { freshName, newSecret, rowsOf } from "../support/secrets.ts";
import { admin, type Vault } from "../support/vault.ts";

/** What comes over a connection without being a whole request. */
export function connections(vault: () => Vault): void {
  let token = "";
  beforeAll(async () => {
    token = await vault().token("admin", admin);
  });

  const open = () => rawConnection(vault().host, vault().port);
  const head = (length: number) =>
    `POST /api/zsc/set HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: ${length}\r\n\r\n`;
  const expectAlive = async () => {
    expect((await vault().send("GET", "/readyz")).status).toBe(200);
    const name = await newSecret(vault());
    expect(await rowsOf(vault(), name)).toHaveLength(1);
  };

  test("a request of HTTP/1.1 that is cut off half way never happens", async () => {
    const name = freshName("cut");
    const body = JSON.stringify({ name, value: "v" });
    const places = [3, head(body.length).length - 2, head(body.length).length, head(body.length).length + 5];
    for (const at of [...places, head(body.length).length + body.length - 1]) {
      const connection = await open();
      connection.write((head(body.length) + body).slice(0, at));
      connection.cut();
    }
    await expectAlive();
    expect(await rowsOf(vault(), name)).toEqual([]);
  });

  test("a request of HTTP/2 that is reset half way never happens", async () => {
    const name = freshName("reset");
    const session = connect(`http://${vault().host}:${vault().port}`);
    for (const path of ["/api/zsc/set", "/zsc.v1.ZscAdmin/Set"]) {
      const type = path.startsWith("/api") ? "application/json" : "application/grpc";
      const headers = { ":method": "POST", ":path": path, authorization: `Bearer ${token}`, "content-type": type };
      const stream = session.request(headers);
      stream.on("error", () => undefined);
      stream.write(JSON.stringify({ name, value: "v" }).slice(0, 10));
      stream.close(8);
      await new Promise((resolve) => stream.once("close", resolve));
    }
    session.destroy();
    await expectAlive();
    expect(await rowsOf(vault(), name)).toEqual([]);
  });

  test("a connection of HTTP/2 that is cut off in the middle of a frame harms nobody", async () => {
    const connection = await open();
    connection.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    connection.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    connection.write(Buffer.from([0, 0, 100, 1, 4, 0, 0, 0, 1, 0x82]));
    await connection.until(/[\s\S]{9}/);
    connection.cut();
    await expectAlive();
  });

  test("a slow client is waited for while it goes on", async () => {
    const name = freshName("slow");
    const body = JSON.stringify({ name, value: "v" });
    const connection = await open();
    for (const byte of head(body.length) + body) {
      connection.write(byte);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await connection.until(/\}$/)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(await rowsOf(vault(), name)).toHaveLength(1);
    connection.cut();
  });

  test("a body over the limit whose length nobody announced is told so", async () => {
    const connection = await open();
    connection.write(head(0).replace("content-length: 0", "transfer-encoding: chunked"));
    const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
    for (let sent = 0; sent <= 1_048_576; sent += 65_536) {
      connection.write(chunk);
    }
    expect(await connection.until(/\}$/)).toMatch(/^HTTP\/1\.1 413 [\s\S]*"request too large"\}$/);
    connection.cut();
  });

  test("two requests in one packet are answered in their order", async () => {
    const names = [freshName("piped"), freshName("piped")];
    const connection = await open();
    const requests = names.map((name) => JSON.stringify({ name, value: "v" })).map((body) => head(body.length) + body);
    connection.write(requests.join(""));
    const received = await connection.until(/\}[\s\S]*\}$/);
    expect(received.match(/"name":"(.*?)"/g)).toEqual(names.map((name) => `"name":"${name}"`));
    connection.cut();
  });

  test.each([
    ["a line that is no request", "HELLO\r\n\r\n"],
    ["a header without a colon", "GET / HTTP/1.1\r\nhost x\r\n\r\n"],
    ["no host", "GET /healthz HTTP/1.1\r\n\r\n"],
    ["both lengths", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["two lengths", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcd"],
    ["a negative length", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"],
    ["a header beyond the limit", `GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(20_000)}\r\n\r\n`],
    ["a control character in a header", "GET / HTTP/1.1\r\nhost: x\r\nx: a\u0001b\r\n\r\n"],
  ])("%s is a bad request", async (_what, request) => {
    const connection = await open();
    connection.write(request);
    expect(await connection.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 4\d\d /);
    await connection.closed();
    await expectAlive();
  });

  test.each([
    ["bytes that mean nothing", Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 37 + 11) % 256))],
    ["zeros", Buffer.alloc(1_000)],
    ["a TLS hello", Buffer.from("16030100c8010000c40303", "hex")],
    [
      "a preface with frames that mean nothing",
      Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.alloc(64, 0xee)]),
    ],
    ["a preface that goes on otherwise", Buffer.from("PRI * HTTP/2.1\r\n\r\n")],
  ])("%s end the connection and nothing else", async (_what, bytes) => {
    const connection = await open();
    connection.write(bytes);
    if (bytes.subarray(0, 3).toString() !== "PRI") {
      connection.write("\r\n\r\n");
    }
    await connection.closed();
    await expectAlive();
  });
}
