import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A bound: what the code calls it, how much it is, and the file that says so, from `src/` on or as `proto/…`. */
export interface Bound {
  readonly name: string;
  readonly value: number;
  readonly file: string;
}

export const root = join(__dirname, "../..");

/** A number, or a product of numbers, as constants are written. */
const number = String.raw`(\d[\d_]*)n?((?: \* \d[\d_]*)*)`;
const forms = [
  // const maxWaiting = 4_096;
  new RegExp(String.raw`^(?:export )?const (\w+)(?:: \w+)? = ${number};`, "gm"),
  // maxWaiting: 4_096,
  new RegExp(String.raw`^\s+(\w+): ${number},?$`, "gm"),
  // options.maxWaiting ?? 4_096, and `maxWaiting = 4_096` of a parameter
  new RegExp(String.raw`\b(\w+) (?:\?\?|=) ${number}(?=[,;)]| \})`, "gm"),
];

/** What a bound is called: the most or the least of something, or how long. */
const isBoundName = (name: string) =>
  /^(max|min)[A-Z]/.test(name) ||
  /(Ms|Seconds|Zeqonds|Timeout|Delay|Interval|Attempts)$/.test(name) ||
  /Window/.test(name);

/** Numbers with such a name that bound nothing that a caller or an operator has: units, formats, moments. */
const notBounds: ReadonlySet<string> = new Set(["zeqondMs", "maxDigits", "maxStreamId", "maxTypos", "warmUpAfterMs"]);

/** Every bound that the source sets. */
export function boundsOfSource(): readonly Bound[] {
  return globSync("**/*.ts", { cwd: join(root, "src") })
    .toSorted()
    .flatMap((file) => boundsOf(file, readFileSync(join(root, "src", file), "utf8")));
}

function boundsOf(file: string, source: string): readonly Bound[] {
  const isLimits = file === "transport/limits.ts";
  const found = new Map<string, Bound>();
  for (const form of forms) {
    for (const [, name = "", first = "", more = ""] of source.matchAll(form)) {
      if ((isLimits || isBoundName(name)) && !notBounds.has(name)) {
        const value = product([first, ...more.split(" * ").slice(1)]);
        found.set(name, { name, file, value });
      }
    }
  }
  return [...found.values()].filter(({ value }) => value > 0);
}

/** The sizes of lists that the schema sets; a field stands before its rules. */
export function boundsOfSchema(): readonly Bound[] {
  return globSync("proto/**/*.proto", { cwd: root })
    .toSorted()
    .flatMap((file) =>
      [...readFileSync(join(root, file), "utf8").matchAll(/repeated \w+ (\w+) = \d+ \[[^\]]*?max_items = (\d+)/g)].map(
        ([, name = "", most = ""]) => ({ name, file, value: Number(most) }),
      ),
    );
}

/** The rows of the tables in docs/limits.md: `name`, value, file, and what happens beyond it. */
export function boundsOfDocument(): readonly (Bound & { readonly beyond: string })[] {
  return readFileSync(join(root, "docs/limits.md"), "utf8")
    .split("\n")
    .map((line) => /^\| `(\w+)` \| ([\d,]+) \| `([\w./-]+)` \| (.*) \|$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name = "", value = "", file = "", beyond = ""]) => ({
      name,
      value: Number(value.replaceAll(",", "")),
      file,
      beyond,
    }));
}

function product(factors: readonly string[]): number {
  return factors.map((factor) => Number(factor.replaceAll("_", ""))).reduce((all, factor) => all * factor, 1);
}
