import type { ChosenVault } from "../vault/choose.ts";
import { type ChosenToken, requireClaims, requireCurrent } from "../vault/token.ts";
import { type Check, fail, failOf, ok, type TimeText } from "./check.ts";

const sources: Readonly<Record<ChosenToken["source"], string>> = {
  flag: "of --token-file",
  env: "of the environment",
  dev: "made for each command",
  session: "of zsc login",
};

const uses: Readonly<Record<string, string>> = {
  admin: "for zsc context",
  caller: "for zsc read and run",
  system: "for zsc read and run, on behalf of others",
};

/** Whichever token commands would send to a vault. */
export type ChooseToken = (vault: ChosenVault) => Promise<ChosenToken>;

/** The token as it describes itself: to have it judged would be a row of the log. */
export async function checkToken(vault: ChosenVault, choose: ChooseToken, timeText: TimeText): Promise<Check> {
  try {
    const token = await choose(vault);
    requireClaims(token);
    requireCurrent(token, vault.url);
    const { role, zid = "nobody whom it names", expiresAtMs } = token;
    if (role !== undefined && !Object.hasOwn(uses, role)) {
      return fail(
        "token",
        `the token has the role ${JSON.stringify(role)}, which no command takes`,
        "zsc token --help",
      );
    }
    const use = role === undefined ? "no role, so the vault judges" : `${role}, ${uses[role]}`;
    const end = expiresAtMs === undefined ? "" : `, ends ${timeText(expiresAtMs)}`;
    return ok("token", `${sources[token.source]}: ${zid} (${use})${end}; not shown to the vault`);
  } catch (error) {
    const next = vault.development === undefined ? "check the token, and where it comes from" : "zsc serve --dev";
    return failOf("token", error, next);
  }
}
