import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import {
  type ListRequest,
  type ListResponse,
  ListResponseSchema,
  type SecretMetadata as MetadataMessage,
} from "#gen/zsc/v1/zsc_admin_pb.js";
import { VaultError } from "../../base/index.ts";
import type { Head, Key } from "../../ledger/index.ts";
import {
  isOrderedByReads,
  type MetadataListing,
  orderings,
  placeOf,
  recordList,
  type SecretFilter,
  type SecretMetadata,
  type SecretOrder,
  selectionOf,
} from "../../secrets/index.ts";
import type { RestOfList } from "../../transport/index.ts";
import { principalOf, recordAndSign } from "../kernel/index.ts";
import { metadataMessage } from "./messages.ts";
import { pageToken, placeOfToken } from "./page-token.ts";
import type { ZscPorts } from "./ports.ts";

/** A response stays below 4 MiB in every encoding, the default limit of gRPC clients. The rest is the next page. */
const maxAnswerBytes = 4_190_208;
/** A longer list is streamed where possible, from one snapshot of the vault. */
const maxWholeBytes = 524_288;
/** No index may keep what a read writes, so such an order looks at every match, for every page. */
const maxOrderedByReads = 100_000;

const firstChunk = 64;
const maxChunk = 1_000;
/** What is sorted anew for every chunk comes in larger ones. */
const maxSorted = 10_001;

/** `List`: writes the audit row first, then reads the metadata without the head lock, so that it blocks no writer. */
export function listHandler(ports: ZscPorts) {
  const { metadata } = ports;
  return async (request: ListRequest, context: HandlerContext): Promise<ListResponse> => {
    const { pageSize } = request;
    const { asked, order } = askedOf(request);
    const isFirst = request.pageToken === undefined;
    const after = isFirst ? null : placeOfToken(request.pageToken ?? "", asked, order.by === "name" ? 0 : 1);
    const record = { ...(pageSize === undefined ? {} : { page_size: pageSize }), ...asked, ...afterOf(after) };
    const receipt = await recordAndSign(ports, recordList(principalOf(context.values), record), context);
    const filter = filterOf(request, receipt.zeqond);
    const list: List = { filter, order, after, atLeast: receipt };
    const isJson = ports.canStreamList(context);
    // Nobody sees the total over JSON.
    const total =
      isFirst && (!isJson || isOrderedByReads(order))
        ? await metadata.countSecrets(selectionOf(filter, order, null), receipt)
        : undefined;
    if (isOrderedByReads(order) && (total ?? 0) > maxOrderedByReads) {
      throw new VaultError("INVALID_ARGUMENT", "too many secrets to be ordered by reads (>100000): narrow the search");
    }
    const isStreamed = pageSize === undefined && isJson;
    const { secrets, last, isWhole } = await collect(ports, list, {
      count: pageSize ?? Number.POSITIVE_INFINITY,
      bytes: isStreamed ? maxWholeBytes : maxAnswerBytes,
    });
    if (isStreamed && !isWhole) {
      const listing = await metadata.openListing(selectionOf(filter, order, after), receipt);
      ports.streamList(context, restOf(listing, list));
      return create(ListResponseSchema, { count: listing.count });
    }
    return create(ListResponseSchema, {
      count: secrets.length,
      secrets,
      ...(isWhole || last === null ? {} : { nextPageToken: pageToken(asked, last) }),
      ...(total === undefined ? {} : { total: BigInt(total) }),
    });
  };
}

/** Filters and order of a request, as the log and the tokens of its pages keep them; what is not given is left out. */
function askedOf(request: ListRequest): { readonly asked: object; readonly order: SecretOrder } {
  const { prefix, contains, purposeTag, boundZid, readerZid, due, neverRead, orderBy, descending } = request;
  const by = orderings.find((each) => each === orderBy) ?? "name";
  const given = {
    ...{ prefix, contains, purpose_tag: purposeTag, bound_zid: boundZid, reader_zid: readerZid },
    ...{ due, never_read: neverRead, order_by: by === "name" ? "" : by, descending },
  };
  return {
    asked: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "" && value !== false)),
    order: { by, descending },
  };
}

function filterOf(request: ListRequest, zeqond: number): SecretFilter {
  const { prefix, contains, purposeTag, boundZid, readerZid, due, neverRead } = request;
  const dueAtZeqond = due ? zeqond : undefined;
  return { prefix, contains, purposeTag, boundZid, readerZid, dueAtZeqond, neverRead };
}

function afterOf(after: Key | null) {
  return after === null ? {} : { after: after.at(-1) };
}

interface List {
  readonly filter: SecretFilter;
  readonly order: SecretOrder;
  readonly after: Key | null;
  readonly atLeast: Head;
}

interface Most {
  readonly count: number;
  readonly bytes: number;
}

interface Collected {
  readonly secrets: MetadataMessage[];
  /** The place of the last one. */
  readonly last: Key | null;
  readonly isWhole: boolean;
}

/** Reads as many secrets as the limits allow, in chunks that grow with the size of the previous one. */
async function collect({ metadata }: ZscPorts, list: List, most: Most): Promise<Collected> {
  const { filter, order, atLeast } = list;
  const secrets: MetadataMessage[] = [];
  let last = list.after;
  let bytes = 0;
  let limit = isOrderedByReads(order) ? maxSorted : firstChunk;
  for (;;) {
    // Reads one more than requested, to see whether another page follows.
    const wanted = Math.min(limit, most.count - secrets.length + 1);
    const chunk = await metadata.listSecrets(selectionOf(filter, order, last), wanted, atLeast);
    if (chunk.length === 0) {
      return { secrets, last, isWhole: true };
    }
    for (const secret of chunk) {
      bytes += bytesInAnswer(secret);
      if (secrets.length === most.count || (secrets.length > 0 && bytes > most.bytes)) {
        return { secrets, last, isWhole: false };
      }
      secrets.push(metadataMessage(secret));
      last = placeOf(secret, order);
    }
    limit = isOrderedByReads(order) ? maxSorted : chunkAfter(chunk.length);
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

function restOf(listing: MetadataListing, { order, after }: List): RestOfList {
  let last = after;
  const isSorted = isOrderedByReads(order);
  let limit = isSorted ? maxSorted : firstChunk;
  return {
    async next() {
      const chunk = await listing.next(last, limit);
      const end = chunk.at(-1);
      last = end === undefined ? last : placeOf(end, order);
      limit = isSorted ? maxSorted : chunkAfter(chunk.length);
      return chunk.map(metadataMessage);
    },
    close: () => listing.close(),
  };
}
