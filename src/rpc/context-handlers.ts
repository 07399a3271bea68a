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
import { VaultError } from "../domain/errors.ts";
import { systemZid } from "../domain/names.ts";
import type { Principal } from "../domain/principal.ts";
import type { Recorded } from "../ledger/operation.ts";
import type { Request } from "../zsc/gated.ts";
import { type ReadSecret, readSecret } from "../zsc/read.ts";
import { principalOf } from "./admission.ts";
import { connectErrorOf } from "./errors.ts";
import { receiptMessage } from "./messages.ts";
import { lastOf, type RpcPorts, sign, signWith } from "./ports.ts";

interface Asked {
  readonly purpose?: string | undefined;
  readonly onBehalfOf?: string | undefined;
}

/** `ZeqContext`: the only handlers that put a plaintext into an answer, and only once its row is durable. */
export function createContextHandlers({ sequencer, sealer, cancellationOf }: RpcPorts): ServiceImpl<typeof ZeqContext> {
  const read = (name: string, asked: Asked, context: HandlerContext) => {
    const request = requestOf(name, asked, principalOf(context.values));
    return sequencer.submit(readSecret(request, sealer), cancellationOf(context));
  };
  return {
    async read(request, context) {
      const recorded = await read(request.name, request, context);
      sign(context, lastOf(recorded.receipts));
      return readMessage(recorded);
    },

    async batchRead(request, context) {
      const outcomes = await Promise.allSettled(request.names.map((name) => read(name, request, context)));
      const receipt = lastReceipt(outcomes);
      if (receipt === undefined) {
        throw firstReason(outcomes);
      }
      signWith(context, receipt);
      const items = outcomes.map((outcome, index) => itemOf(request.names[index] ?? "", outcome));
      return create(BatchReadResponseSchema, { items });
    },
  };
}

/** The ZID that reads is the token's, unless the system reads for another. Nobody reads for the system itself. */
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

function readMessage({ value: secret, receipts }: Recorded<ReadSecret>): ReadResponse {
  const { name, value, purposeTag } = secret;
  const message = create(ReadResponseSchema, {
    name,
    value: value.text(),
    receipt: receiptMessage(lastOf(receipts)),
    ...(purposeTag === null ? {} : { purposeTag }),
  });
  value.wipe();
  return message;
}

type Outcome = PromiseSettledResult<Recorded<ReadSecret>>;

function itemOf(name: string, outcome: Outcome): BatchReadItem {
  if (outcome.status === "fulfilled") {
    return create(BatchReadItemSchema, { name, result: { case: "secret", value: readMessage(outcome.value) } });
  }
  const { code, rawMessage, details } = connectErrorOf(outcome.reason);
  const packed = details.flatMap((detail) =>
    "desc" in detail ? [anyPack(detail.desc, create(detail.desc, detail.value))] : [],
  );
  const status = create(StatusSchema, { code, message: rawMessage, details: packed });
  return create(BatchReadItemSchema, { name, result: { case: "error", value: status } });
}

/** The receipt of the row that was recorded last; none when nothing of the batch was recorded. */
function lastReceipt(outcomes: readonly Outcome[]): string | undefined {
  let last: string | undefined;
  let lastSeq = 0;
  for (const receipt of outcomes.map(receiptOf)) {
    const seq = receipt === undefined ? 0 : Number.parseInt(receipt, 10);
    if (seq > lastSeq) {
      [last, lastSeq] = [receipt, seq];
    }
  }
  return last;
}

function receiptOf(outcome: Outcome): string | undefined {
  if (outcome.status === "rejected") {
    return outcome.reason instanceof VaultError ? outcome.reason.receipt : undefined;
  }
  const { seq, rowHash } = lastOf(outcome.value.receipts);
  return `${seq}.${rowHash}`;
}

function firstReason(outcomes: readonly Outcome[]): unknown {
  const rejected = outcomes.find((outcome) => outcome.status === "rejected");
  return rejected?.reason ?? new Error("a batch without outcomes");
}
