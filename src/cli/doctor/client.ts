import { foreignClientNames } from "../../config/index.ts";
import type { VaultFlags } from "../vault/choose.ts";
import { type ChosenVault, chooseVault, chosenBy } from "../vault/choose.ts";
import type { UserFiles } from "../vault/user-files.ts";
import { checkAnswers } from "./answers.ts";
import { type Check, type Checking, failOf, ok, type TimeText, warn } from "./check.ts";
import { checkFiles } from "./files.ts";
import { checkNetwork } from "./network.ts";
import { checkNode } from "./node.ts";
import { type ChooseToken, checkToken } from "./token.ts";

interface Patient {
  readonly flags: VaultFlags;
  readonly env: NodeJS.ProcessEnv;
  readonly files: UserFiles;
  /** Of this program. */
  readonly version: string;
  readonly timeoutMs?: number | undefined;
  readonly timeText: TimeText;
  readonly chooseToken: ChooseToken;
  /** Told of each request, in a line. */
  onCall(line: string): void;
}

/** Whether commands of a client can work from here. */
export async function* checkClient(patient: Patient): AsyncGenerator<Check> {
  const { flags, env, files } = patient;
  yield checkNode();
  for (const problem of foreignClientNames(env)) {
    yield warn("environment", problem, "unset it, or give it its right name");
  }
  yield* checkFiles({ flags, env, files });
  const vault = yield* checkChoice(patient);
  if (vault === undefined) {
    return;
  }
  const line = yield* checkNetwork(vault, patient.timeText);
  if (line !== undefined) {
    yield* checkAnswers(line, patient);
  }
  yield await checkToken(vault, patient.chooseToken, patient.timeText);
}

async function* checkChoice({ flags, env, files }: Patient): Checking<ChosenVault> {
  try {
    const vault = chooseVault(flags, env, files);
    yield ok("vault", `${vault.url}, chosen by ${chosenBy(vault)}`);
    return vault;
  } catch (error) {
    yield failOf("vault", error, "say which vault: --url, or zsc login URL");
    return undefined;
  }
}
