import type { Command } from "commander";
import { declined } from "../../failure.ts";
import { visible } from "../../output/visible.ts";
import type { Terminal } from "../../terminal.ts";
import { tellOfAgents, userChange } from "./change.ts";
import { fieldsOfUser, listedUserOf } from "./listed-user.ts";

interface DeleteFlags {
  readonly yes?: boolean;
}

export const deleteCommand = (terminal: Terminal): Command =>
  userChange<DeleteFlags, boolean>(terminal, {
    name: "delete",
    description: "delete a user for good, and revoke its keys; what it made stays, and so do its rows in the log",
    examples: ["zsc user delete ann@example.com", "zsc user delete ann@example.com --yes"],
    options: (command) => command.option("--yes", "do not ask"),
    parse: ({ yes }) => yes === true,
    async change({ user, input: isSure, store, questions, submit }) {
      if (!isSure) {
        questions.requireAsking("--yes");
        for (const [title, value] of fieldsOfUser(listedUserOf(user), terminal.isWatched)) {
          terminal.remark(`${title}: ${visible(value)}`);
        }
        const email = user.email ?? "";
        if (!(await questions.confirmTyped(`delete ${visible(email)} for good? Type the e-mail: `, email, "--yes"))) {
          throw declined("that is not the e-mail, and nothing was deleted");
        }
      }
      const { countAgentsOf, deleteUser, findKeysOf, findOwners } = await import("../../../people/index.ts");
      const agents = await countAgentsOf(store, user.sub);
      const [keys, owners] = [await submit(findKeysOf(user.sub)), await findOwners(store)];
      const deleted = await submit(deleteUser(user.sub, keys, owners));
      tellOfAgents(terminal, agents);
      return deleted;
    },
    said: (email) => `deleted ${email}`,
  });
