import { createTerminal, type Terminal } from "../../src/cli/terminal.ts";

export interface Written {
  stdout: string;
  stderr: string;
}

/** A terminal, or a pipe unless somebody watches, that remembers what was written to it. */
export function recordedTerminal(isTTY?: boolean): { readonly written: Written; readonly terminal: Terminal } {
  const written: Written = { stdout: "", stderr: "" };
  const stdout = {
    write(text: string) {
      written.stdout += text;
    },
  };
  const stderr = {
    ...(isTTY === undefined ? {} : { isTTY }),
    write(text: string) {
      written.stderr += text;
    },
  };
  return { written, terminal: createTerminal({ stdout, stderr }) };
}
