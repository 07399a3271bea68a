import type { LogLinks, RowLink } from "../sql/index.ts";
import type { Statements } from "./statements.ts";

/** The log as it is walked through by `rowsOfOrigin`. */
export function linksOf({ lastOfOrigin, linkAt, linksBefore }: Statements): LogLinks {
  return {
    lastOf: async (originId) => lastOfOrigin.get(originId),
    async walk(from, most) {
      const links: RowLink[] = [];
      for (let seq: unknown = from; links.length < most && typeof seq === "number"; ) {
        const link = linkAt.get(seq);
        if (link === undefined) {
          break;
        }
        links.push(link);
        seq = link.before;
      }
      return links;
    },
    before: async (seq, most) => linksBefore.all(seq, most),
  };
}
