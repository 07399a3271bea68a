import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import type { BatchReadResponse, ReadResponse } from "#gen/zsc/v1/zeq_context_pb.js";
import type { ProbePermissionResponse } from "#gen/zsc/v1/zsc_admin_pb.js";
import { errorCode } from "../../src/base/error-code.ts";
import { type Call, messageOf, methodOf } from "./calls.ts";
import type { Fate } from "./journal.ts";
import { deadlineMs, fateOfRefusal, type Wire } from "./wire.ts";

const receiptHeader = "zsc-receipt";

/** gRPC by Connect's client. */
export function connectWire(host: string, port: number): Wire {
  const transport = createGrpcTransport({ baseUrl: `http://${host}:${port}`, readMaxBytes: 8_388_608 });
  return {
    name: "connect",
    reads: true,
    async send(call, token) {
      const header = { authorization: `Bearer ${token}` };
      try {
        const answer = await transport.unary(methodOf(call.kind), undefined, deadlineMs, header, messageOf(call));
        return fatesOf(call, answer.message, answer.header.get(receiptHeader) ?? undefined);
      } catch (error) {
        const fate = fateOfConnectError(ConnectError.from(error));
        return call.names.map(() => fate);
      }
    },
    close: () => undefined,
  };
}

function fateOfConnectError(error: ConnectError): Fate {
  const [info] = error.findDetails(ErrorInfoSchema);
  return fateOfRefusal({
    reason: info?.reason,
    message: error.rawMessage,
    receipt: error.metadata.get(receiptHeader) ?? undefined,
    isDeadline: error.code === Code.DeadlineExceeded,
    isUnsent: errorCode(error.cause) === "ECONNREFUSED",
    isBug: error.code === Code.Internal && error.rawMessage === "internal error",
  });
}

/** gRPC by grpc-js. */
export function grpcJsWire(host: string, port: number): Wire {
  // A server that was killed is back in a second: the default backs off for minutes.
  const backoff = { "grpc.initial_reconnect_backoff_ms": 50, "grpc.max_reconnect_backoff_ms": 200 };
  const limit = { "grpc.max_receive_message_length": 8_388_608 };
  const client = new Client(`${host}:${port}`, credentials.createInsecure(), { ...backoff, ...limit });
  return {
    name: "grpc-js",
    reads: true,
    send: (call, token) => sendByGrpcJs(client, call, token),
    close: () => client.close(),
  };
}

function sendByGrpcJs(client: Client, call: Call, token: string): Promise<readonly Fate[]> {
  const { input, output, parent, name } = methodOf(call.kind);
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return new Promise((resolve) => {
    let receipt: string | undefined;
    const sent = client.makeUnaryRequest(
      `/${parent.typeName}/${name}`,
      (message: Message) => Buffer.from(toBinary(input, message)),
      (bytes: Buffer) => fromBinary(output, bytes),
      create(input, messageOf(call)),
      metadata,
      { deadline: Date.now() + deadlineMs },
      (error: ServiceError | null, message?: Message) => {
        if (error === null && message !== undefined) {
          return resolve(fatesOf(call, message, receipt));
        }
        const fate: Fate = error === null ? { kind: "wrong", why: "an answer without a message" } : fateOfStatus(error);
        resolve(call.names.map(() => fate));
      },
    );
    sent.on("metadata", (header) => {
      receipt = textOf(header, receiptHeader);
    });
  });
}

function fateOfStatus({ code, details, metadata }: ServiceError): Fate {
  return fateOfRefusal({
    reason: reasonIn(metadata),
    message: details,
    receipt: textOf(metadata, receiptHeader),
    isDeadline: code === status.DEADLINE_EXCEEDED,
    isUnsent: details.startsWith("No connection established"),
    isBug: code === status.INTERNAL && details === "internal error",
  });
}

function reasonIn(metadata: Metadata): string | undefined {
  const [bytes] = metadata.get("grpc-status-details-bin");
  if (!Buffer.isBuffer(bytes)) {
    return undefined;
  }
  const packed = fromBinary(StatusSchema, bytes).details;
  return packed.map((detail) => anyUnpack(detail, ErrorInfoSchema)).find((info) => info !== undefined)?.reason;
}

function textOf(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === "string" ? value : undefined;
}

/** The fates in an answer. What the header says must be what the message says. */
function fatesOf(call: Call, message: Message, receipt: string | undefined): readonly Fate[] {
  switch (call.kind) {
    case "batch":
      return fatesOfBatch(message as BatchReadResponse, receipt);
    case "read":
      return [fateOfRead(message as ReadResponse, receipt)];
    case "probe": {
      const { granted, reason } = message as ProbePermissionResponse;
      return [{ kind: "acknowledged", receipt, granted, ...(reason === undefined ? {} : { reason }) }];
    }
    default:
      return [{ kind: "acknowledged", receipt }];
  }
}

function fateOfRead({ value, receipt: inMessage }: ReadResponse, inHeader: string | undefined): Fate {
  const receipt = inMessage === undefined ? undefined : `${inMessage.seq}.${inMessage.rowHash}`;
  if (receipt !== inHeader) {
    return { kind: "wrong", why: `its receipts differ: ${receipt} and ${inHeader}` };
  }
  return { kind: "acknowledged", receipt, value };
}

/** The header of a batch shows its last row; each item that was granted shows its own. */
function fatesOfBatch({ items }: BatchReadResponse, inHeader: string | undefined): readonly Fate[] {
  return items.map(({ result }, index): Fate => {
    if (result.case === "secret") {
      const { seq, rowHash } = result.value.receipt ?? {};
      const isLast = index === items.length - 1;
      return fateOfRead(result.value, isLast ? inHeader : `${seq}.${rowHash}`);
    }
    const details = result.value?.details ?? [];
    const reason = details
      .map((detail) => anyUnpack(detail, ErrorInfoSchema))
      .find((info) => info !== undefined)?.reason;
    const text = { message: result.value?.message ?? "", receipt: undefined, isDeadline: false, isUnsent: false };
    return fateOfRefusal({ ...text, reason, isBug: reason === undefined });
  });
}
