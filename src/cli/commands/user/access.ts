import type { Command } from "commander";
import type { Terminal } from "../../terminal.ts";
import { tellOfAgents, userChange } from "./change.ts";

const nothing = () => undefined;

export const disableCommand = (terminal: Terminal): Command =>
  userChange(terminal, {
    name: "disable",
    description: "stop a user: its password, its keys and its tokens do not count, from the next call on",
    examples: ["zsc user disable ann@example.com", "zsc user disable ann@example.com --json"],
    parse: nothing,
    async change({ user, users, store, submit }) {
      const { countAgentsOf, disableUser, findOwners, findPutBack } = await import("../../../people/index.ts");
      const owners = await findOwners(store);
      const putBack = await submit(findPutBack(users.map(({ sub }) => sub)));
      let disabled = user;
      // Whoever shares the e-mail with a row that was put back is meant only when there is none.
      for (const sub of putBack.length > 0 ? putBack : [user.sub]) {
        const agents = await countAgentsOf(store, sub);
        disabled = await submit(disableUser(sub, owners));
        tellOfAgents(terminal, agents);
      }
      if (putBack.length > 0) {
        terminal.note("zsc: its row was put back by hand, and zsc audit verify goes on naming it");
      }
      return disabled;
    },
    said: (email) => `disabled ${email}`,
  });

export const enableCommand = (terminal: Terminal): Command =>
  userChange(terminal, {
    name: "enable",
    description: "give a disabled user its password and its keys back; its tokens from before stay dead",
    examples: ["zsc user enable ann@example.com", "zsc user enable ann@example.com --json"],
    parse: nothing,
    async change({ user, submit }) {
      const { enableUser } = await import("../../../people/index.ts");
      return await submit(enableUser(user.sub));
    },
    said: (email) => `enabled ${email}`,
  });

export const signOutCommand = (terminal: Terminal): Command =>
  userChange(terminal, {
    name: "sign-out",
    description: "end all tokens of a user, from the next call on; its password and its keys stay",
    examples: ["zsc user sign-out ann@example.com", "zsc user sign-out ann@example.com --json"],
    parse: nothing,
    async change({ user, submit }) {
      const { signOutUser } = await import("../../../people/index.ts");
      return await submit(signOutUser(user.sub));
    },
    said: (email) => `signed out ${email}`,
  });
