// Makes a large vault ahead of `npm run bench -- --large`: node bench/generate.ts --database sqlite --secrets N --reads N
import { parseArgs } from "node:util";
import { defaultCache } from "./options.ts";
import { createProgress } from "./progress.ts";
import { databaseKinds } from "./scene.ts";
import { openShelf } from "./shelf.ts";

const most = 1_000_000_000;

const { values } = parseArgs({
  options: {
    cache: { type: "string", default: defaultCache() },
    database: { type: "string", default: "sqlite" },
    secrets: { type: "string", default: "1000000" },
    reads: { type: "string", default: "10000000" },
  },
});
const kind = databaseKinds.find((one) => one === values.database);
if (kind === undefined) {
  throw new Error(`--database must be one of ${databaseKinds.join(", ")}`);
}
const progress = createProgress(process.stderr);
const shelf = await openShelf(values.cache, progress);
try {
  await shelf.vault(kind, { secrets: count("secrets", values.secrets), reads: count("reads", values.reads) });
  progress.note("done");
} finally {
  await shelf.close();
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value <= most) {
    return value;
  }
  throw new Error(`--${name} must be a whole number, at most ${most}`);
}
