import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { type ConnectError, encodeBinaryHeader } from "@connectrpc/connect";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { addMetadata, type HeaderRecord } from "../http/headers.ts";

/** Adds an error's `grpc-status`, `grpc-message`, and details as a `google.rpc.Status`. */
export function addGrpcStatus(record: HeaderRecord, error: ConnectError): void {
  addMetadata(record, error.metadata);
  record["grpc-status"] = String(error.code);
  if (error.rawMessage !== "") {
    record["grpc-message"] = encodeGrpcMessage(error.rawMessage);
  }
  if (error.details.length > 0) {
    record["grpc-status-details-bin"] = encodeBinaryHeader(toBinary(StatusSchema, statusOf(error)));
  }
}

function statusOf(error: ConnectError) {
  return create(StatusSchema, {
    code: error.code,
    message: error.rawMessage,
    details: error.details.map((detail) =>
      "desc" in detail
        ? anyPack(detail.desc, create(detail.desc, detail.value))
        : { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value },
    ),
  });
}

/**
 * Percent-encodes only `%` and the UTF-8 bytes outside 0x20 to 0x7E (gRPC over HTTP/2, `Status-Message`). Other
 * characters must not be encoded: clients that decode with `decodeURI` would show `%3A` for a colon.
 */
export function encodeGrpcMessage(message: string): string {
  if (plain.test(message)) {
    return message;
  }
  let text = "";
  for (const byte of Buffer.from(message, "utf8")) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    text += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

const plain = /^[\x20-\x24\x26-\x7e]*$/;
