import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { type ListNamesRequest, type ListNamesResponse, ListNamesResponseSchema } from "#gen/zsc/v1/zeq_context_pb.js";
import { mayRead, recordNames, selectionOf } from "../../secrets/index.ts";
import { principalOf, recordAndSign } from "../kernel/index.ts";
import { pageToken, placeOfToken } from "./page-token.ts";
import type { ZscPorts } from "./ports.ts";

const maxNames = 1_000;
/** Names that one page looks at. */
const maxNamesLookedAt = 10_000;

const byName = { by: "name", descending: false } as const;

/** `ListNames`: the names that a caller may read. Writes the row first, then reads beside the chain. */
export function namesHandler(ports: ZscPorts) {
  return async (request: ListNamesRequest, context: HandlerContext): Promise<ListNamesResponse> => {
    const { prefix, pageSize = maxNames } = request;
    const caller = principalOf(context.values);
    const place = request.pageToken === undefined ? null : placeOfToken(request.pageToken, { prefix }, 0);
    const asked = { prefix, page_size: request.pageSize, after: place?.at(-1) };
    const receipt = await recordAndSign(ports, recordNames(caller, asked), context);
    const names: string[] = [];
    let after = place;
    let looked = 0;
    while (looked < maxNamesLookedAt) {
      const select = selectionOf({ prefix }, byName, after);
      const page = await ports.metadata.listSecrets(select, Math.min(maxNames, maxNamesLookedAt - looked), receipt);
      if (page.length === 0) {
        return create(ListNamesResponseSchema, { names });
      }
      for (const secret of page) {
        if (mayRead(secret, caller.zid)) {
          if (names.length === pageSize) {
            return create(ListNamesResponseSchema, { names, nextPageToken: pageToken({ prefix }, after ?? []) });
          }
          names.push(secret.name);
        }
        after = [secret.name];
      }
      looked += page.length;
    }
    return create(ListNamesResponseSchema, { names, nextPageToken: pageToken({ prefix }, after ?? []) });
  };
}
