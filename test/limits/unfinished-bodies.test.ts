import http2 from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { createRegistry, fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { defaultLimits } from "../../src/transport/index.ts";
import { askSession } from "../transport/wire.ts";
import { openVaultHere, type VaultHere } from "./vault-here.ts";

const { maxMessageBytes } = defaultLimits;

let vault: VaultHere;
const sessions: http2.ClientHttp2Session[] = [];
beforeAll(async () => {
  vault = await openVaultHere();
});
afterAll(async () => {
  for (const session of sessions) {
    session.destroy();
  }
  await vault.stop();
});

/** Begins requests and sends all of their bodies but the end, until one of them is refused: gives its headers. */
async function refusal(token: string, path: string, contentType: string): Promise<http2.IncomingHttpHeaders> {
  const body = Buffer.alloc(maxMessageBytes - 1_000, " ");
  let refused: http2.IncomingHttpHeaders | undefined;
  while (refused === undefined) {
    const session = http2.connect(`http://127.0.0.1:${vault.port}`);
    sessions.push(session);
    const header = { ":method": "POST", ":path": path, "content-type": contentType, authorization: `Bearer ${token}` };
    const stream = session.request(header);
    stream.on("error", () => undefined).resume();
    stream.once("response", (headers) => {
      refused ??= headers;
    });
    stream.write(body);
    await sleep(10);
  }
  return refused;
}

test("one principal's requests that never end leave room for everybody else's, and say when to come back", async () => {
  const [greedy, other] = [await vault.tokenOf("admin", "ZEQ-GREEDY"), await vault.tokenOf("admin", "ZEQ-OTHER")];
  const inJson = await refusal(greedy, "/api/zsc/set", "application/json");
  expect([inJson[":status"], inJson["retry-after"]]).toEqual([500, "1"]);

  const refused = await refusal(greedy, "/zsc.v1.ZscAdmin/Set", "application/grpc");
  expect([refused["grpc-status"], refused["grpc-message"]]).toEqual(["14", "too many requests are under way"]);
  const status = fromBinary(StatusSchema, Buffer.from(String(refused["grpc-status-details-bin"]), "base64"));
  const found = status.details.map((any) => anyUnpack(any, createRegistry(ErrorInfoSchema, RetryInfoSchema)));
  expect(found).toMatchObject([{ reason: "OVERLOADED" }, { retryDelay: { seconds: 1n } }]);

  const session = http2.connect(`http://127.0.0.1:${vault.port}`);
  sessions.push(session);
  const large = JSON.stringify({ name: "n", value: "v".repeat(60_000) });
  const header = { ":method": "POST", ":path": "/api/zsc/set", authorization: `Bearer ${other}` };
  expect((await askSession(session, header, large)).header[":status"]).toBe(200);
});
