import { type ClientFlags, openSession } from "../client-command.ts";
import { visible } from "../output/visible.ts";
import { createTerminal } from "../terminal.ts";

const lookEveryMs = 60_000;
const lookTimeoutMs = 800;
const maxNames = 1_000;

/** The names of the vault's secrets, for completion. */
export interface KnownNames {
  /** Those that begin with a text. Never asks, never fails, and looks at the vault once a minute at most. */
  beginningWith(text: string): Promise<readonly string[]>;
}

interface Look {
  readonly names: readonly string[];
  /** Whether the vault has no more than these. */
  readonly isWhole: boolean;
}

const nothing: Look = { names: [], isWhole: true };

/**
 * One look is one call, and one row of the log; a look that failed counts as well.
 *
 * @param nowMs a clock that never goes back
 */
export function createKnownNames(flags: ClientFlags, nowMs = () => performance.now()): KnownNames {
  let last: Look = nothing;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return {
    async beginningWith(text) {
      if (nowMs() - lookedAtMs >= lookEveryMs) {
        lookedAtMs = nowMs();
        // Of a vault with more names than one call gives, those are looked up that are wanted now.
        last = await look(flags, last.isWhole ? "" : text);
      }
      return last.names.filter((name) => name.startsWith(text));
    },
  };
}

/** Within its time, whatever takes so long. */
async function look(flags: ClientFlags, prefix: string): Promise<Look> {
  const signal = AbortSignal.timeout(lookTimeoutMs);
  const late = new Promise<Look>((resolve) => signal.addEventListener("abort", () => resolve(nothing), { once: true }));
  return await Promise.race([late, list(flags, prefix, signal).catch(() => nothing)]);
}

async function list(flags: ClientFlags, prefix: string, signal: AbortSignal): Promise<Look> {
  const silent = createTerminal({ stdout: nowhere, stderr: nowhere }, { isStdinTaken: true, signal });
  const wanted = { role: "admin", command: "completion", isSilent: true } as const;
  const { connection } = await openSession({ ...flags, verbose: false }, wanted, silent);
  try {
    const { answer } = await connection.call("List", ({ admin }, options) =>
      admin.list({ pageSize: maxNames, ...(prefix === "" ? {} : { prefix }) }, options),
    );
    const names = answer.secrets.map(({ name }) => name);
    // What a terminal would obey or hide is not put into a line.
    return { names: names.filter((name) => visible(name) === name), isWhole: answer.nextPageToken === undefined };
  } finally {
    connection.close();
  }
}

const nowhere = { write: () => undefined };
