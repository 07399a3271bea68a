import http2 from "node:http2";
import { createRegistry, fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { defaultLimits } from "../../src/transport/index.ts";
import { askSession } from "../transport/wire.ts";
import { openVaultHere, type VaultHere } from "./vault-here.ts";

const { maxMessageBytes, maxUnfinishedBytesPerShare } = defaultLimits;

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

/** Begins a request, sends all of its body but the end, and resolves with the headers of an answer, if there is one. */
function begin(token: string, path: string, contentType: string, body: Buffer): Promise<http2.IncomingHttpHeaders> {
  const session = http2.connect(`http://127.0.0.1:${vault.port}`);
  sessions.push(session);
  const header = { ":method": "POST", ":path": path, "content-type": contentType, authorization: `Bearer ${token}` };
  const stream = session.request(header);
  stream.on("error", () => undefined).resume();
  stream.write(body);
  return new Promise((resolve) => stream.once("response", resolve));
}

test("one principal's requests that never end leave room for everybody else's, and say when to come back", async () => {
  const [greedy, other] = [await vault.tokenOf("admin", "ZEQ-GREEDY"), await vault.tokenOf("admin", "ZEQ-OTHER")];
  const half = Buffer.alloc(maxMessageBytes - 1_000, " ");
  const answers: http2.IncomingHttpHeaders[] = [];
  const setJson = "/api/zsc/set";
  const whole = maxUnfinishedBytesPerShare / maxMessageBytes;
  for (let begun = 0; begun < whole + 4; begun++) {
    void begin(greedy, setJson, "application/json", half).then((headers) => answers.push(headers));
  }
  while (answers.length < 3) {
    await new Promise((next) => setTimeout(next, 5));
  }
  expect(answers.map((headers) => [headers[":status"], headers["retry-after"]])).toContainEqual([500, "1"]);

  const refused = await begin(greedy, "/zsc.v1.ZscAdmin/Set", "application/grpc", half);
  expect([refused["grpc-status"], refused["grpc-message"]]).toEqual(["14", "too many requests are under way"]);
  const status = fromBinary(StatusSchema, Buffer.from(String(refused["grpc-status-details-bin"]), "base64"));
  const found = status.details.map((any) => anyUnpack(any, createRegistry(ErrorInfoSchema, RetryInfoSchema)));
  expect(found).toMatchObject([{ reason: "OVERLOADED" }, { retryDelay: { seconds: 1n } }]);

  const session = http2.connect(`http://127.0.0.1:${vault.port}`);
  sessions.push(session);
  const large = JSON.stringify({ name: "n", value: "v".repeat(60_000) });
  const header = { ":method": "POST", ":path": setJson, authorization: `Bearer ${other}` };
  expect((await askSession(session, header, large)).header[":status"]).toBe(200);
});
