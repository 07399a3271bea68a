import type { ReadResponse } from "#gen/zsc/v1/zeq_context_pb.js";
import type { SecretMetadata } from "#gen/zsc/v1/zsc_admin_pb.js";
import { CliFailure } from "../failure.ts";
import { batchRead } from "../vault/batch-read.ts";
import { nextOfKind, refusalOf } from "../vault/call-failure.ts";
import type { Connection } from "../vault/connect.ts";
import type { ExportedSecret } from "./json-writer.ts";
import { type ExportChoice, mayRead, pagesOf, unreadable } from "./listing.ts";

const purpose = "export";

/** What was left out, with the code of the vault. */
export interface LeftOut {
  readonly name: string;
  readonly error: string;
}

interface ReadingOptions {
  /** An admin's: names, owners, grants. */
  readonly admin: Connection;
  /** A caller's: values. */
  readonly reader: Connection;
  /** Who reads, where it is known. */
  readonly zid: string | undefined;
  readonly onBehalfOf?: string | undefined;
  /** Leaves out what is refused, and tells of it here; undefined: the first refusal ends the export. */
  readonly onLeftOut?: ((left: LeftOut) => void) | undefined;
  /** A secret was deleted since its name was listed. */
  onGone(name: string): void;
}

/**
 * All secrets with their values, read as they are asked for, 100 at a time.
 *
 * @throws CliFailure at the first refusal, unless there is an `onLeftOut`
 */
export async function* readForExport(
  choice: ExportChoice,
  options: ReadingOptions,
): AsyncGenerator<ExportedSecret, void> {
  for await (const page of pagesOf(options.admin, choice)) {
    yield* valuesOf(page, options);
  }
}

async function* valuesOf(
  secrets: readonly SecretMetadata[],
  options: ReadingOptions,
): AsyncGenerator<ExportedSecret, void> {
  const { reader, zid, onBehalfOf, onLeftOut, onGone } = options;
  const leaveOut = (name: string, error: string, message: string) => {
    // A limit, an outage or a broken seal says nothing of who may read: an export without them would pass for a whole one.
    if (error !== "DENIED") {
      throw brokenOff(name, error, message);
    }
    if (onLeftOut === undefined) {
      throw unreadable([name], zid);
    }
    onLeftOut({ name, error });
  };
  const readable = secrets.filter((secret) => mayRead(zid, secret));
  for (const { name } of secrets.filter((secret) => !mayRead(zid, secret))) {
    leaveOut(name, "DENIED", "");
  }
  if (readable.length === 0) {
    return;
  }
  const names = readable.map(({ name }) => name);
  const items = await batchRead(reader, { names, purpose, onBehalfOf });
  for (const [index, { result }] of items.entries()) {
    const secret = readable[index] as SecretMetadata;
    if (result.case === "secret") {
      yield exported(secret, result.value);
      continue;
    }
    const { reason, message } = refusalOf(result.value);
    if (reason === "NOT_FOUND") {
      onGone(secret.name);
    } else {
      leaveOut(secret.name, reason, message);
    }
  }
}

function exported(secret: SecretMetadata, { value, purposeTag, receipt }: ReadResponse): ExportedSecret {
  const { name, boundZid, permissions, expiresZeqond } = secret;
  return {
    ...{ name, value, purposeTag: purposeTag ?? null, boundZid, permissions },
    expiresZeqond: expiresZeqond === undefined ? null : Number(expiresZeqond),
    receipt:
      receipt === undefined
        ? null
        : {
            seq: Number(receipt.seq),
            rowHash: receipt.rowHash,
            transitionId: receipt.transitionId,
            proofDigest: receipt.proofDigest,
            zeqond: Number(receipt.zeqond),
          },
  };
}

function brokenOff(name: string, reason: string, message: string): CliFailure {
  const kind = reason === "RATE_LIMITED" ? "wait" : reason === "STORE_UNAVAILABLE" ? "no_answer" : "bug";
  return new CliFailure(kind, `nothing was exported: ${JSON.stringify(name)}: ${message}`, {
    code: reason,
    next: nextOfKind[kind],
  });
}
