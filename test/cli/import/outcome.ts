import { type ImportOptions, type ParsedImport, parseImport } from "../../../src/cli/import/index.ts";

/** An outcome in lines that are easy to compare: `NAME = value @line`, `empty NAME @line`, `hash_kept NAME @line`. */
export interface Told {
  readonly entries: readonly string[];
  readonly skipped: readonly string[];
  readonly warnings: readonly string[];
  readonly refused: readonly string[];
}

export function told(input: string | Uint8Array, options: ImportOptions = {}): Told {
  const parsed = parse(input, options);
  const tell = ({ name, why, line, lastLine }: ParsedImport["refused"][number] | ParsedImport["skipped"][number]) =>
    `${why}${name === undefined ? "" : ` ${name}`} @${line}${lastLine === undefined ? "" : `-${lastLine}`}`;
  return {
    entries: parsed.entries.map(({ name, value, line }) => `${name} = ${value} @${line}`),
    skipped: parsed.skipped.map(tell),
    warnings: parsed.warnings.map(tell),
    refused: parsed.refused.map(tell),
  };
}

export function parse(input: string | Uint8Array, options: ImportOptions = {}): ParsedImport {
  return parseImport(typeof input === "string" ? Buffer.from(input) : input, options);
}

/** Only what there is: tests name the lists that they expect something in. */
export function toldBriefly(input: string | Uint8Array, options: ImportOptions = {}): Partial<Told> {
  return Object.fromEntries(Object.entries(told(input, options)).filter(([, list]) => list.length > 0));
}
