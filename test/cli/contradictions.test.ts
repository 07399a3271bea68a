import type { Command } from "commander";
import { exclusionsOf } from "../../src/cli/contradictions.ts";
import { execute } from "../../src/cli/exit.ts";
import { wholeProgram } from "../../src/cli/zsc.ts";
import { recordedTerminal } from "./recorded-terminal.ts";

interface Found {
  readonly path: readonly string[];
  readonly command: Command;
}

function commandsBelow(command: Command, path: readonly string[] = []): readonly Found[] {
  return command.commands.flatMap((child) => {
    const own = [...path, child.name()];
    return child.commands.length > 0 ? commandsBelow(child, own) : [{ path: own, command: child }];
  });
}

const all = commandsBelow(wholeProgram(recordedTerminal().terminal, "1.2.3"));

/** A flag as it is typed, with a value that its parser takes. */
function typed({ command }: Found, flag: string, which = 0): readonly string[] {
  const option = command.options.find(({ long }) => long === flag);
  const values = option?.argChoices ?? ["1", "2"];
  return option?.required === true ? [flag, values[which] ?? ""] : [flag];
}

/** What a command line that must not be taken is answered with, in a process that has done nothing. */
async function refused(words: readonly string[]): Promise<string> {
  const { written, terminal } = recordedTerminal();
  const code = await execute(wholeProgram(terminal, "1.2.3"), words, terminal, false);
  expect([words, code, written.stdout]).toEqual([words, 2, ""]);
  return written.stderr;
}

const pairs = all.flatMap((found) =>
  exclusionsOf(found.command).flatMap((flags) =>
    flags.flatMap((one, index) =>
      flags.slice(index + 1).map((other) => [found.path.join(" "), one, other, found] as const),
    ),
  ),
);

test.each(pairs)("%s: %s and %s are refused together, whichever comes first", async (_title, one, other, found) => {
  for (const [first, second] of [
    [one, other],
    [other, one],
  ] as const) {
    const line = [...found.path, ...typed(found, first), ...typed(found, second)];
    expect(await refused(line)).toMatch(
      /^zsc: --[a-z-]+ and --[a-z-]+ exclude each other\n {2}next: one of them, or none\n$/,
    );
  }
});

test("each flag with an opposite excludes it, and so do those that say the same in two ways", () => {
  const known = new Set(pairs.map(([title, one, other]) => `${title}: ${one} ${other}`));
  for (const { path, command } of all) {
    const flags = command.options.map(({ long }) => long ?? "");
    for (const flag of flags.filter((each) => flags.includes(each.replace(/^--/, "--no-")))) {
      expect(known).toContain(`${path.join(" ")}: ${flag} ${flag.replace(/^--/, "--no-")}`);
    }
  }
  for (const pair of [
    ...["context set: --tag --no-tag", "context set: --create --if-version", "context set: --value --file"],
    ...["context set: --keep-newline --strip-newline", "context set: --expires-in --never-rotate"],
    ...["read: --url --profile", "read: --profile --dev", "read: --dev --no-dev", "read: --out --json"],
    ...[
      "export: --prefix --only",
      "logout: --all --url",
      "logout: --all --dev",
      "user create: --owner --role",
      "user list: --dev --no-dev",
    ],
  ]) {
    expect(known).toContain(pair);
  }
});

const single = all.flatMap((found) =>
  found.command.options
    .filter(({ long, required, parseArg }) => long && required && (parseArg === undefined || parseArg.length < 2))
    .map(({ long }) => [found.path.join(" "), long ?? "", found] as const),
);

test("a flag of one value is refused with two, and taken with the same one twice", async () => {
  expect(single.length).toBeGreaterThan(100);
  for (const [, flag, found] of single) {
    const line = [...found.path, ...typed(found, flag), ...typed(found, flag, 1)];
    expect(await refused(line)).toBe(`zsc: ${flag} is given twice, with different values\n  next: ${flag} once\n`);
  }
  // What is missing then is the name.
  expect(await refused(["context", "set", "--tag", "a", "--tag", "a"])).toContain("missing required argument");
});

test("a value that is given twice is not repeated", async () => {
  const told = await refused(["context", "set", "a", "--value", "canary-1", "--value", "canary-2"]);
  expect(told).not.toContain("canary");
});

test("the flags of all commands are on every command that has them, and each help ends with two examples", () => {
  const ofAll = ["--json", "--quiet", "--no-color", "--version"];
  const ofClients = [
    ...[
      "--url",
      "--profile",
      "--dev",
      "--no-dev",
      "--token-file",
      "--ca-file",
      "--allow-http",
      "--timeout",
      "--verbose",
    ],
  ];
  const onMachine = new Set(["token", "audit verify"]);
  for (const { path, command } of all) {
    const title = path.join(" ");
    const flags = command.options.map(({ long }) => long);
    const isOfMachine = onMachine.has(title) || path[0] === "user";
    const expected =
      title === "serve" || title === "completion"
        ? ["--version"]
        : title === "login"
          ? [...ofAll, "--profile", "--ca-file", "--allow-http", "--timeout", "--verbose"]
          : [...ofAll, ...(isOfMachine ? ["--dev", "--no-dev"] : ofClients)];
    expect([title, expected.filter((flag) => !flags.includes(flag))]).toEqual([title, []]);
    const help: string[] = [];
    command.configureOutput({ writeOut: (text) => void help.push(text) }).outputHelp();
    const [, examples = ""] = help.join("").split("\nExamples:\n");
    expect([title, examples.trimEnd().split("\n").length > 1]).toEqual([title, true]);
  }
});
