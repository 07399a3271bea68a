import { create, type DescMethod } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext, type HandlerContext } from "@connectrpc/connect";
import { BatchReadRequestSchema, ReadRequestSchema, ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import type { Authenticator } from "../../src/auth/authenticator.ts";
import type { Plaintext } from "../../src/base/plaintext.ts";
import { createReader } from "../../src/ledger/reader.ts";
import type { Sealer } from "../../src/sealing/envelope.ts";
import { createMetadataReader } from "../../src/secrets/metadata-reader.ts";
import { createAdmission } from "../../src/surfaces/kernel/admission.ts";
import { jsonBytes } from "../../src/surfaces/zsc/answer-room.ts";
import { createContextHandlers } from "../../src/surfaces/zsc/context-handlers.ts";
import { zscAccess } from "../../src/surfaces/zsc/surface.ts";
import { type LedgerUnderTest, openLedger, sealer } from "../ledger/ledger-under-test.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { door } from "../support/faulty-store.ts";

describe("answers with plaintexts", () => {
  let ledger: LedgerUnderTest;
  const opened: Plaintext[] = [];
  const open: Sealer["open"] = (sealed, binding) => {
    const plaintext = sealer.open(sealed, binding);
    opened.push(plaintext);
    return plaintext;
  };
  beforeEach(async () => {
    ledger = await openLedger();
    await ledger.set("a", "value a", ["ZEQ-1"]);
    opened.length = 0;
  });
  afterEach(() => ledger.close());
  afterAll(cleanUpDatabases);

  const contextOf = async (method: DescMethod) => {
    const abort = new AbortController();
    const values = createContextValues();
    const authenticator: Authenticator = { authenticate: () => ({ zid: "ZEQ-1", role: "caller" }) };
    const all = (name: string) => (name === "authorization" ? ["Bearer a"] : []);
    const admission = createAdmission(authenticator, [zscAccess]);
    admission.approve(method, false);
    const header = { all, get: (name: string) => all(name)[0] ?? null };
    const from = {
      header,
      httpMethod: "POST",
      origin: "http://localhost",
      peerAddress: "",
      peer: { connection: {} },
      certificate: undefined,
    };
    await admission.admit(method, from, values);
    const context: HandlerContext = createHandlerContext({
      ...{ service: ZeqContext, method, protocolName: "grpc", requestMethod: "POST", url: "http://localhost/" },
      ...{ requestSignal: abort.signal, contextValues: values },
    });
    return { abort, context };
  };
  const handlers = () =>
    createContextHandlers({
      sequencer: ledger.sequencer,
      sealer: { ...sealer, open },
      reader: createReader(ledger.store),
      metadata: createMetadataReader(createReader(ledger.store)),
      cancellationOf: ({ signal }) => signal,
      maxAnswerBytes: 8_388_608,
      canStreamList: () => false,
      streamList: () => undefined,
    });
  const isWiped = (plaintext: Plaintext) => {
    try {
      return plaintext.bytes.length === 0;
    } catch {
      return true;
    }
  };

  const calls: [string, (context: HandlerContext) => Promise<unknown>, DescMethod][] = [
    [
      "Read",
      async (context) => await handlers().read(create(ReadRequestSchema, { name: "a" }), context),
      ZeqContext.method.read,
    ],
    [
      "BatchRead",
      async (context) =>
        await handlers().batchRead(create(BatchReadRequestSchema, { names: ["a", "b", "a"] }), context),
      ZeqContext.method.batchRead,
    ],
  ];

  test.each(calls)("of %s leave nothing behind but the answer", async (_name, call, method) => {
    const { context } = await contextOf(method);
    expect(JSON.stringify(await call(context), (_key, value) => (typeof value === "bigint" ? 0 : value))).toContain(
      "value a",
    );
    expect(opened.length).toBeGreaterThan(0);
    expect(opened.every(isWiped)).toBe(true);
  });

  test.each(calls)("of %s are not made for a caller who has gone since", async (_name, call, method) => {
    const { context, abort } = await contextOf(method);
    const gate = door();
    ledger.faulty.plan(gate.after);
    const answer = call(context);
    await gate.reached;
    const gone = new Error("the caller has gone");
    abort.abort(gone);
    gate.open();
    await expect(answer).rejects.toBe(gone);
    expect(opened.length).toBeGreaterThan(0);
    expect(opened.every(isWiped)).toBe(true);
  });

  test("the bytes of a text in JSON are those that it would have", () => {
    const texts = ["", "a", "\0", '"\\/\b\f\n\r\t', "\u001f\u007f\u2028ü🔑", "\0".repeat(1_000)];
    for (const text of [...texts, String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code))]) {
      expect(jsonBytes(Buffer.from(text, "utf8"))).toBe(Buffer.byteLength(JSON.stringify(text)) - 2);
    }
  });
});
