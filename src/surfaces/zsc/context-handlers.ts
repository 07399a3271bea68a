import { setImmediate } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import {
  type BatchReadItem,
  BatchReadItemSchema,
  BatchReadResponseSchema,
  type ReadResponse,
  ReadResponseSchema,
  type ZeqContext,
} from "#gen/zsc/v1/zeq_context_pb.js";
import { type Principal, systemZid, VaultError } from "../../base/index.ts";
import type { Receipt } from "../../ledger/index.ts";
import { type ReadItem, type ReadSecret, type Request, readSecret, readSecrets, wipeAll } from "../../secrets/index.ts";
import { type Access, type AccessTable, lastOf, principalOf, sign, submitFor } from "../kernel/index.ts";
import { roomOf } from "./answer-room.ts";
import { receiptMessage } from "./messages.ts";
import { namesHandler } from "./names.ts";
import type { ZscPorts } from "./ports.ts";
import { connectErrorOf } from "./status.ts";

/** So many values, of up to 64 KiB, become text in one turn of the event loop; other calls wait meanwhile. */
const itemsPerTurn = 16;

const readers: Access = ["caller", "system"];

/** Callers and the system read (contract, section 3). */
export const contextAccess: AccessTable = {
  "zsc.v1.ZeqContext/Read": readers,
  "zsc.v1.ZeqContext/BatchRead": readers,
  "zsc.v1.ZeqContext/ListNames": readers,
};

interface Asked {
  readonly purpose?: string | undefined;
  readonly onBehalfOf?: string | undefined;
}

/** `ZeqContext`: the only handlers that put a plaintext into a response, and only once its audit row is durable. */
export function createContextHandlers(ports: ZscPorts): ServiceImpl<typeof ZeqContext> {
  const { sealer, maxAnswerBytes, cancellationOf } = ports;
  const refuseIfGone = (context: HandlerContext) => {
    const { aborted, reason } = cancellationOf(context);
    if (aborted) {
      throw reason;
    }
  };
  return {
    async read(asked, context) {
      const { value, receipts } = await submitFor(
        ports,
        readSecret(requestOf(asked.name, asked, principalOf(context.values)), sealer),
        context,
      );
      try {
        refuseIfGone(context);
        sign(context, lastOf(receipts));
        return readMessage(value, lastOf(receipts));
      } finally {
        value.value.wipe();
      }
    },

    listNames: namesHandler(ports),

    async batchRead(asked, context) {
      const requests = asked.names.map((name) => requestOf(name, asked, principalOf(context.values)));
      const reads = readSecrets(requests, sealer, roomOf(context, maxAnswerBytes));
      const { value, receipts } = await submitFor(ports, reads, context);
      try {
        refuseIfGone(context);
        sign(context, lastOf(receipts));
        const items: BatchReadItem[] = [];
        for (const [index, item] of value.entries()) {
          if (value.length > itemsPerTurn && index % itemsPerTurn === 0) {
            await setImmediate();
            refuseIfGone(context);
          }
          items.push(itemOf(asked.names[index] ?? "", item, receipts[index]));
        }
        return create(BatchReadResponseSchema, { items });
      } finally {
        wipeAll(value);
      }
    },
  };
}

/**
 * The reading ZID is the token's, unless the system reads on behalf of another. That other is never the system's ZID.
 */
function requestOf(name: string, { purpose, onBehalfOf }: Asked, { zid, role }: Principal): Request {
  const request = { name, zid, purpose: purpose || "read" };
  if (onBehalfOf === undefined) {
    return request;
  }
  if (role !== "system" || onBehalfOf === systemZid) {
    throw new VaultError("FORBIDDEN", "forbidden");
  }
  return { ...request, zid: onBehalfOf, by: zid };
}

function readMessage({ name, value, purposeTag }: ReadSecret, receipt: Receipt): ReadResponse {
  const message = create(ReadResponseSchema);
  message.name = name;
  message.value = value.text();
  message.receipt = receiptMessage(receipt);
  if (purposeTag !== null) {
    message.purposeTag = purposeTag;
  }
  return message;
}

function itemOf(name: string, item: ReadItem, receipt: Receipt | undefined): BatchReadItem {
  if (receipt === undefined) {
    throw new Error("a read that left no row");
  }
  if (item.kind === "read") {
    return create(BatchReadItemSchema, { name, result: { case: "secret", value: readMessage(item.secret, receipt) } });
  }
  const { code, rawMessage, details } = connectErrorOf(item.error);
  const packed = details.flatMap((detail) =>
    "desc" in detail ? [anyPack(detail.desc, create(detail.desc, detail.value))] : [],
  );
  const status = create(StatusSchema, { code, message: rawMessage, details: packed });
  return create(BatchReadItemSchema, { name, result: { case: "error", value: status } });
}
