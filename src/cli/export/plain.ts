import { usage } from "../failure.ts";
import type { Connection } from "../vault/connect.ts";
import { isVariable, writeDotenv } from "./dotenv-writer.ts";
import { type ExportedSecret, type ExportHeader, writeExport } from "./json-writer.ts";
import { type ExportChoice, pagesOf } from "./listing.ts";

export const plainFormats = ["env", "json"] as const;
export type PlainFormat = (typeof plainFormats)[number];

const namesShown = 10;

/** @throws CliFailure when a name is no variable: before any value is asked for */
export async function requireVariables(connection: Connection, choice: ExportChoice): Promise<void> {
  const others: string[] = [];
  for await (const secrets of pagesOf(connection, choice)) {
    others.push(...secrets.map(({ name }) => name).filter((name) => !isVariable(name)));
  }
  if (others.length > 0) {
    const some = others.slice(0, namesShown).map((name) => JSON.stringify(name));
    const more = others.length > namesShown ? ` and ${others.length - namesShown} more` : "";
    throw usage(`nothing was exported: not names of variables: ${some.join(", ")}${more}`, "--plaintext json");
  }
}

/** The text of an export in a format. @throws CliFailure for a value that a `.env` file cannot carry, and what `secrets` throws */
export async function* plainText(
  format: PlainFormat,
  header: ExportHeader,
  secrets: AsyncIterable<ExportedSecret>,
): AsyncGenerator<string, void> {
  if (format === "json") {
    yield* writeExport(header, secrets);
    return;
  }
  for await (const secret of secrets) {
    const { text, refused } = writeDotenv([secret]);
    const [first] = refused;
    if (first !== undefined) {
      const name = JSON.stringify(first.name);
      throw usage(
        `nothing was exported: the value of ${name} has a NUL, which no variable can hold`,
        "--plaintext json",
      );
    }
    yield text;
  }
}
