import type { Command } from "commander";
import type { Terminal } from "../../terminal.ts";
import { userChange } from "./change.ts";
import { askPassword, hashPassword, passwordOfInput } from "./password.ts";

interface PasswordFlags {
  readonly passwordStdin?: boolean;
}

export const setPasswordCommand = (terminal: Terminal): Command =>
  userChange<PasswordFlags, boolean>(terminal, {
    name: "set-password",
    description: "give a user a password, its first one or another; ends its tokens, and leaves its keys",
    examples: [
      "zsc user set-password ann@example.com",
      "zsc user set-password ann@example.com --password-stdin < password.txt",
    ],
    options: (command) =>
      command.option("--password-stdin", "the password is on standard input; one final line break is dropped"),
    parse: ({ passwordStdin }) => passwordStdin === true,
    async change({ user, input: isOnInput, questions, submit }) {
      const password = isOnInput ? await passwordOfInput(terminal) : await askPassword(questions);
      const hash = await hashPassword(password, [user.email ?? "", user.name]);
      const { setPassword } = await import("../../../people/index.ts");
      return await submit(setPassword(user.sub, hash));
    },
    said: (email) => `set the password of ${email}`,
  });
