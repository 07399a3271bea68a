import type { Command } from "commander";
import type { LogRow } from "#gen/zsc/v1/zsc_admin_pb.js";
import { nearestOf } from "../../../base/index.ts";
import { clientCommand } from "../../client-program.ts";
import { CliFailure, usage } from "../../failure.ts";
import { collect, wholeNumber } from "../../flags.ts";
import { printJson, printRows } from "../../output/print.ts";
import type { Column } from "../../output/table.ts";
import { relativeTime, tryParseMoment } from "../../output/time.ts";
import type { Terminal } from "../../terminal.ts";

interface AuditFlags {
  readonly limit?: number;
  readonly type?: readonly string[];
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
  readonly verify?: boolean;
}

const defaultRows = 50;
const pageRows = 500;

export const auditCommand = (terminal: Terminal): Command =>
  clientCommand<AuditFlags>(terminal, {
    syntax: "audit <name>",
    title: "context audit",
    description: "show what happened to a secret, newest first",
    examples: [
      "zsc context audit db-password",
      "zsc context audit db-password --type secret_denied --since 24h",
      "zsc context audit db-password --limit 500 --verify --json",
    ],
    options: (command) =>
      command
        .option("--limit <n>", `no more than so many rows; ${defaultRows} unless given`, wholeNumber)
        .option("--type <type>", "rows of this type, for example secret_read; may be given again", collect)
        .option("--actor <zid>", "of this ZID's doing")
        .option("--since <time>", "from then on: 24h ago, or 2026-11-27T08:00:00Z")
        .option("--until <time>", "until then")
        .option("--verify", "compute the hashes of each row again, here"),
    async run({ connection, flags }, name) {
      const { limit = defaultRows, type = [], actor, verify } = flags;
      await requireKnown(type);
      const filter = {
        ...{ name, type: [...type] },
        ...(actor === undefined ? {} : { actor }),
        ...momentIn("--since", "from", flags.since),
        ...momentIn("--until", "to", flags.until),
      };
      const rows: LogRow[] = [];
      let receipt: string | undefined;
      for (let next: bigint | undefined; ; ) {
        const page = await connection.call("Log", ({ admin }, options) => {
          const size = Math.min(pageRows, limit - rows.length);
          return admin.log({ ...filter, limit: size, ...(next === undefined ? {} : { beforeSeq: next }) }, options);
        });
        receipt ??= page.receipt;
        rows.push(...page.answer.rows);
        next = page.answer.nextBeforeSeq;
        if (next === undefined || rows.length >= limit) {
          break;
        }
        terminal.progress(`${rows.length} rows`);
      }
      terminal.progressDone();
      if (flags.json === true) {
        printJson(terminal, { name, count: rows.length, rows: rows.map(jsonOf) }, receipt);
      } else {
        printRows(terminal, columns, rows);
      }
      if (verify === true) {
        await reportHashes(terminal, rows);
      }
    },
  });

/** A row of a type that there is none of is not missing: it was never asked for. @throws CliFailure */
async function requireKnown(types: readonly string[]): Promise<void> {
  // Help must not wait for it.
  const { knownEventTypes } = await import("../../../secrets/index.ts");
  const known: readonly string[] = knownEventTypes;
  for (const type of types) {
    if (!known.includes(type)) {
      const near = nearestOf(type, known);
      const next = near === undefined ? `one of ${known.join(", ")}` : `--type ${near}`;
      throw usage(`no row has the type ${JSON.stringify(type)}`, next);
    }
  }
}

/** Says what was verified, and what cannot be seen from here. */
async function reportHashes(terminal: Terminal, rows: readonly LogRow[]): Promise<void> {
  // Help must not wait for it.
  const hashes = await import("../../../ledger/index.ts");
  const wrong = rows.filter((row) => !isIntact(row, hashes)).map(({ seq }) => seq);
  if (wrong.length > 0) {
    const which = wrong.slice(0, 10).join(", ");
    const message = `${wrong.length === 1 ? "a row is" : `${wrong.length} rows are`} not what was hashed: seq ${which}`;
    throw new CliFailure("no", message, { code: "BROKEN", next: "zsc audit verify" });
  }
  const what = rows.length === 1 ? "1 row is what was" : `${rows.length} rows are what was`;
  terminal.note(`${what} hashed; only zsc audit verify sees a row that is missing`);
}

type Hashes = Pick<typeof import("../../../ledger/index.ts"), "rowHashOf" | "proofDigestOf" | "subjectOf">;

function isIntact(row: LogRow, { rowHashOf, proofDigestOf, subjectOf }: Hashes): boolean {
  const { actorZid, transitionId, proofPurpose } = row;
  const numbers = { seq: Number(row.seq), zeqondNumber: Number(row.zeqondNumber) };
  return (
    rowHashOf({ ...row, ...numbers, payloadJson: row.payload }) === row.rowHash &&
    proofDigestOf(subjectOf(row.originId), actorZid, transitionId, proofPurpose) === row.proofDigest
  );
}

/** LOGROW (contract people.md, section 9). */
function jsonOf({ $typeName: _type, $unknown: _unknown, originId: _origin, ...row }: LogRow) {
  return {
    ...row,
    seq: Number(row.seq),
    zeqondNumber: Number(row.zeqondNumber),
    name: row.name ?? null,
    purpose: row.purpose ?? null,
    reason: row.reason ?? null,
  };
}

const columns: readonly Column<LogRow>[] = [
  {
    title: "WHEN",
    shown: ({ createdAt }) => relativeTime(Date.parse(createdAt), Date.now()),
    plain: ({ createdAt }) => createdAt,
  },
  { title: "WHAT", shown: ({ transitionType }) => transitionType, plain: ({ transitionType }) => transitionType },
  { title: "WHO", shown: ({ actorZid }) => actorZid, plain: ({ actorZid }) => actorZid },
  {
    title: "WHY",
    shown: ({ reason, purpose }) => reason ?? purpose ?? "",
    plain: ({ reason, purpose }) => reason ?? purpose ?? "",
  },
  { title: "SEQ", shown: ({ seq }) => String(seq), plain: ({ seq }) => String(seq) },
];

/** A moment, or a time before now. */
function momentIn<K extends string>(flag: string, key: K, text: string | undefined) {
  if (text === undefined) {
    return {};
  }
  const ms = tryParseMoment(text, Date.now());
  if (ms === undefined) {
    throw usage(`${flag} must be a time before now, or a moment`, `${flag} 24h, or ${flag} 2026-11-27T08:00:00Z`);
  }
  return { [key]: new Date(ms).toISOString() } as Record<K, string>;
}
