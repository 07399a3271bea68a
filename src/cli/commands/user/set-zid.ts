import type { Command } from "commander";
import { usage } from "../../failure.ts";
import { visible } from "../../output/visible.ts";
import type { Terminal } from "../../terminal.ts";
import { userChange } from "./change.ts";
import { zidOf } from "./input.ts";

interface ZidFlags {
  readonly none?: boolean;
}

export const setZidCommand = (terminal: Terminal): Command =>
  userChange<ZidFlags, string | null>(terminal, {
    name: "set-zid",
    description: "say whose a user is on ZSC's own surface, or that it is nobody's",
    examples: ["zsc user set-zid ann@example.com ZEQ-ANN", "zsc user set-zid ann@example.com --none"],
    options: (command) => command.argument("[zid]", "the ZID").option("--none", "in place of a ZID: the user has none"),
    parse({ none = false }, zid) {
      if (none === (zid !== undefined)) {
        throw usage("a ZID or --none is needed, and one of them alone", "zsc user set-zid EMAIL ZID, or EMAIL --none");
      }
      return zid === undefined ? null : zidOf(zid);
    },
    async change({ user, input: zid, submit }) {
      const { setZid } = await import("../../../people/index.ts");
      return await submit(setZid(user.sub, zid));
    },
    said: (email, zid) => (zid === null ? `${email} has no ZID` : `${email} has the ZID ${visible(zid)}`),
  });
