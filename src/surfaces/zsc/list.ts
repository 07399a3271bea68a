import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import {
  type ListRequest,
  type ListResponse,
  ListResponseSchema,
  type SecretMetadata as MetadataMessage,
} from "#gen/zsc/v1/zsc_admin_pb.js";
import { isSecretName, VaultError } from "../../base/index.ts";
import type { Head } from "../../ledger/index.ts";
import { type MetadataListing, recordList, type SecretMetadata } from "../../secrets/index.ts";
import type { RestOfList } from "../../transport/index.ts";
import { principalOf, recordAndSign } from "../kernel/index.ts";
import { metadataMessage } from "./messages.ts";
import type { ZscPorts } from "./ports.ts";

/** A response stays below 4 MiB in every encoding, the default limit of gRPC clients. The rest is the next page. */
const maxAnswerBytes = 4_190_208;
/** A longer list is streamed where possible, from one snapshot of the vault. */
const maxWholeBytes = 524_288;

const firstChunk = 64;
const maxChunk = 1_000;

/** `List`: writes the audit row first, then reads the metadata without the head lock, so that it blocks no writer. */
export function listHandler(ports: ZscPorts) {
  return async ({ pageSize, pageToken }: ListRequest, context: HandlerContext): Promise<ListResponse> => {
    const after = pageToken === undefined ? null : nameOfToken(pageToken);
    const asked = { ...(pageSize === undefined ? {} : { page_size: pageSize }), ...(after === null ? {} : { after }) };
    const receipt = await recordAndSign(ports, recordList(principalOf(context.values), asked), context);
    const isStreamed = pageSize === undefined && ports.canStreamList(context);
    const { secrets, isWhole } = await collect(ports, after, receipt, {
      count: pageSize ?? Number.POSITIVE_INFINITY,
      bytes: isStreamed ? maxWholeBytes : maxAnswerBytes,
    });
    if (isStreamed && !isWhole) {
      const listing = await ports.metadata.openListing(after, receipt);
      ports.streamList(context, restOf(listing, after));
      return create(ListResponseSchema, { count: listing.count });
    }
    const nextPageToken = tokenOfName(secrets.at(-1)?.name ?? "");
    return create(ListResponseSchema, { count: secrets.length, secrets, ...(isWhole ? {} : { nextPageToken }) });
  };
}

interface Most {
  readonly count: number;
  readonly bytes: number;
}

/** Reads as many secrets as the limits allow, in chunks that grow with the size of the previous one. */
async function collect(
  { metadata }: ZscPorts,
  after: string | null,
  atLeast: Head,
  most: Most,
): Promise<{ readonly secrets: MetadataMessage[]; readonly isWhole: boolean }> {
  const secrets: MetadataMessage[] = [];
  let bytes = 0;
  let limit = firstChunk;
  for (;;) {
    // Reads one more than requested, to see whether another page follows.
    const wanted = Math.min(limit, most.count - secrets.length + 1);
    const chunk = await metadata.listSecrets(secrets.at(-1)?.name ?? after, wanted, atLeast);
    if (chunk.length === 0) {
      return { secrets, isWhole: true };
    }
    for (const secret of chunk) {
      bytes += bytesInAnswer(secret);
      if (secrets.length === most.count || (secrets.length > 0 && bytes > most.bytes)) {
        return { secrets, isWhole: false };
      }
      secrets.push(metadataMessage(secret));
    }
    limit = chunkAfter(chunk.length);
  }
}

/** Twice the size of the last chunk, which the store cuts short when secrets are large. */
function chunkAfter(length: number): number {
  return Math.min(maxChunk, 2 * Math.max(length, 8));
}

/** An upper bound for every encoding: JSON is the longest, because it repeats the field names. */
function bytesInAnswer(secret: SecretMetadata): number {
  return Buffer.byteLength(JSON.stringify(secret)) + 128;
}

function restOf(listing: MetadataListing, after: string | null): RestOfList {
  let last = after;
  let limit = firstChunk;
  return {
    async next() {
      const chunk = await listing.next(last, limit);
      last = chunk.at(-1)?.name ?? last;
      limit = chunkAfter(chunk.length);
      return chunk.map(metadataMessage);
    },
    close: () => listing.close(),
  };
}

function tokenOfName(name: string): string {
  return Buffer.from(name, "utf8").toString("base64url");
}

function nameOfToken(token: string): string {
  const name = Buffer.from(token, "base64url").toString("utf8");
  // Decoding is lenient: what it skips or mends is no token that we gave.
  if (!isSecretName(name) || tokenOfName(name) !== token) {
    throw new VaultError("INVALID_ARGUMENT", "pageToken is not one of ours");
  }
  return name;
}
