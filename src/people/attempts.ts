import { type Moment, VaultError, zeqondMs } from "../base/index.ts";
import { type AuditRow, declareTable, type Need, type View } from "../ledger/index.ts";

/** Whose password was tried, and from where. */
export interface Attempt {
  /** A fingerprint of the e-mail, whether somebody has it or not. */
  readonly account: string;
  /** The network of the client (IPv6: /64); empty: not known. */
  readonly network: string;
}

/** A sign-in with a wrong password. It follows from the log. */
interface FailedSignIn extends Attempt {
  readonly seq: number;
  readonly zeqond: number;
}

/** 15 minutes and an hour, in Zeqonds of 777 ms. */
const quarterZeqonds = 1_159;
const hourZeqonds = 4_634;

// Limits of failures (contract people.md, section 7), without a device.
const maxOfPair = 5;
const maxOfNetwork = 50;
const maxOfAccount = 50;

const columns = [
  { field: "seq", name: "seq", type: "integer" },
  { field: "account", name: "account", type: "text", maxBytes: 64 },
  { field: "network", name: "network", type: "text", maxBytes: 64 },
  { field: "zeqond", name: "zeqond", type: "integer" },
] as const;

const derivation = {
  types: ["auth.failure"],
  of: ({ seq, payloadJson, zeqondNumber }: AuditRow): FailedSignIn | undefined => {
    const attempt = attemptIn(payloadJson);
    return attempt && { seq, ...attempt, zeqond: zeqondNumber };
  },
  seq: "seq",
  zeqond: "zeqond",
  unknown: "a sign-in counts as failed, and the log does not say so",
  missing: "the log has a failed sign-in that does not count",
} as const;

/** By account: within an hour. */
export const failuresOfAccounts = declareTable<FailedSignIn>({
  name: "failure_of_account",
  since: 5,
  kind: "derived",
  columns: [...columns],
  key: ["seq"],
  lookups: { account: ["account"] },
  digestPrefix: "zsc-failure-of-account-v1",
  derivation: { ...derivation, lookup: "account", lookedAtZeqonds: hourZeqonds, windowZeqonds: hourZeqonds },
});

/** By network: within a quarter of an hour. */
export const failuresOfNetworks = declareTable<FailedSignIn>({
  name: "failure_of_network",
  since: 5,
  kind: "derived",
  columns: [...columns],
  key: ["seq"],
  lookups: { network: ["network"] },
  digestPrefix: "zsc-failure-of-network-v1",
  derivation: { ...derivation, lookup: "network", lookedAtZeqonds: quarterZeqonds, windowZeqonds: quarterZeqonds },
});

export function needsAttempts({ account, network }: Attempt): readonly Need[] {
  return [
    { table: failuresOfAccounts, lookup: "account", by: [account] },
    { table: failuresOfNetworks, lookup: "network", by: [network] },
  ];
}

/**
 * Refuses an attempt while too many have failed: a window always ends, since what is refused does not count.
 *
 * @throws VaultError `RATE_LIMITED` with the time until the window ends
 */
export function refuseTooMany(view: View, attempt: Attempt): void {
  const { account, network } = attempt;
  const ofAccount = view.all(failuresOfAccounts, "account", account).map(({ zeqond }) => zeqond);
  const ofNetwork = view.all(failuresOfNetworks, "network", network);
  const ofPair = ofNetwork.filter((each) => each.account === account).map(({ zeqond }) => zeqond);
  const waits = [
    waitOf(view.now, ofPair, maxOfPair, quarterZeqonds),
    waitOf(
      view.now,
      ofNetwork.map(({ zeqond }) => zeqond),
      maxOfNetwork,
      quarterZeqonds,
    ),
    waitOf(view.now, ofAccount, maxOfAccount, hourZeqonds),
  ];
  const zeqonds = Math.max(...waits);
  if (zeqonds > 0) {
    throw new VaultError("RATE_LIMITED", "Too many attempts", { retryAfterMs: zeqonds * zeqondMs });
  }
}

/**
 * How long until fewer than `most` of the failures lie within the window, in Zeqonds; 0: now. A failure at Zeqond d counts at n
 * while d + window > n: what a wrong clock put into the future ends, too.
 */
export function waitOf(
  { zeqond: now }: Pick<Moment, "zeqond">,
  failures: readonly number[],
  most: number,
  window: number,
): number {
  const counting = failures.filter((zeqond) => zeqond + window > now && zeqond <= now + window).sort((a, b) => a - b);
  const leaving = counting.at(-most);
  return leaving === undefined ? 0 : leaving + window - now;
}

function attemptIn(payloadJson: string): Attempt | undefined {
  if (!payloadJson.includes('"attempt":{')) {
    return undefined;
  }
  try {
    const { account, network } = JSON.parse(payloadJson).attempt ?? {};
    return typeof account === "string" && typeof network === "string" ? { account, network } : undefined;
  } catch {
    return undefined;
  }
}
