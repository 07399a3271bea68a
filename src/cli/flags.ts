import { type Command, InvalidArgumentError } from "commander";

/** Flags that are whole numbers from 1. */
export function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) {
    throw new InvalidArgumentError("It must be a whole number of at least 1.");
  }
  return Number(text);
}

/** Flags that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** `--if-version`, as calls take it. */
export interface VersionFlags {
  readonly ifVersion?: number;
}

export const ifVersionFlag = ["--if-version <n>", "only when the secret is of this version", wholeNumber] as const;

export function conditionOf({ ifVersion }: VersionFlags): { readonly ifVersion?: bigint } {
  return ifVersion === undefined ? {} : { ifVersion: BigInt(ifVersion) };
}

/** How the help of every command ends. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText("after", `\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}`);
}
