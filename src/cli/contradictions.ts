import type { Command, Option } from "commander";
import { usage } from "./failure.ts";

const exclusions = new WeakMap<Command, (readonly string[])[]>();

/**
 * Says that of these flags of a command only one may be given.
 *
 * @example
 * exclusive(command, "--create", "--if-version");
 */
export function exclusive(command: Command, ...flags: readonly string[]): Command {
  exclusions.set(command, [...(exclusions.get(command) ?? []), flags]);
  return command;
}

/** The groups of flags of a command of which only one may be given: `--x` and `--no-x`, and what `exclusive` was told. */
export function exclusionsOf(command: Command): readonly (readonly string[])[] {
  const flags = new Set(command.options.map(({ long }) => long));
  const opposites = command.options.flatMap(({ long, negate }) => {
    const opposite = long?.replace(/^--no-/, "--");
    return negate && long && opposite && flags.has(opposite) ? [[opposite, long]] : [];
  });
  return [...opposites, ...(exclusions.get(command) ?? [])];
}

/**
 * Refuses a command line whose flags contradict each other: two that exclude each other, or one with two values. Commander would
 * take the last one, and nobody would know which was meant.
 */
export function refuseContradictions(command: Command): void {
  const given = new Map<string, unknown>();
  for (const option of command.options) {
    const { long } = option;
    if (long) {
      command.on(`option:${option.name()}`, (value: unknown) => {
        if (given.has(long) && given.get(long) !== value && !collects(option)) {
          throw usage(`${long} is given twice, with different values`, `${long} once`);
        }
        given.set(long, value);
        const together = exclusionsOf(command).map((flags) => flags.filter((flag) => given.has(flag)));
        const refused = together.find(({ length }) => length > 1);
        if (refused !== undefined) {
          throw usage(`${refused.join(" and ")} exclude each other`, "one of them, or none");
        }
      });
    }
  }
}

/** Its parser is given what came before. */
function collects({ parseArg, variadic }: Option): boolean {
  return variadic || (parseArg !== undefined && parseArg.length > 1);
}
