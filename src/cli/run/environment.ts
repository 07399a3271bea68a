import { readFileSync } from "node:fs";
import { usage } from "../failure.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentOptions {
  /** What was inherited wins over the vault. */
  readonly keepEnv?: boolean | undefined;
  /** Nothing is inherited but what a program needs to find itself. */
  readonly cleanEnv?: boolean | undefined;
  /** Variables that change how programs run, and may be set all the same. */
  readonly allowEnv?: readonly string[] | undefined;
}

/** Ours: whoever has one can read what the command was not given. */
const ownTokens = ["ZSC_TOKEN", "ZSC_TOKEN_FILE", "ZSC_READER_TOKEN_FILE"];

/** They change how programs are loaded or run: who writes such a secret would run code of his own. `*`: all that begin so. */
const dangerous = [
  ...["PATH", "HOME", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "PROMPT_COMMAND", "LD_*", "DYLD_*", "NODE_OPTIONS"],
  ...["PYTHON*", "PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS", "GIT_*", "SSH_ASKPASS"],
];
const inheritedByAll = ["PATH", "HOME", "USER", "LANG", "LC_*", "TERM", "TZ"];

/**
 * The environment of a command.
 *
 * @param given the variables that it is given
 * @throws CliFailure naming all variables that may not be set, or whose values no environment can hold
 */
export function environmentFor(
  inherited: Environment,
  given: ReadonlyMap<string, string>,
  { keepEnv = false, cleanEnv = false, allowEnv = [] }: EnvironmentOptions,
): Readonly<Record<string, string>> {
  refuseUnfit(given, allowEnv);
  const environment: Record<string, string> = {};
  for (const [variable, value] of Object.entries(inherited)) {
    const passes = !cleanEnv || isOneOf(inheritedByAll, variable);
    if (value !== undefined && passes && !ownTokens.includes(variable)) {
      environment[variable] = value;
    }
  }
  for (const [variable, value] of given) {
    if (!(keepEnv && Object.hasOwn(environment, variable))) {
      environment[variable] = value;
    }
  }
  return environment;
}

/** Of each kind; of what is more only the count is told. */
const maxNamedVariables = 20;

/** All at once: whoever mends one must not meet the next. */
function refuseUnfit(given: ReadonlyMap<string, string>, allowed: readonly string[]): void {
  const variables = [...given.keys()];
  const own = variables.filter((variable) => ownTokens.includes(variable));
  const changing = variables.filter((variable) => isOneOf(dangerous, variable) && !allowed.includes(variable));
  const withNul = variables.filter((variable) => given.get(variable)?.includes("\0") === true);
  const sentences = [
    ...(own.length === 0 ? [] : [`${listed(own)} never ${own.length === 1 ? "reaches" : "reach"} a command`]),
    ...(changing.length === 1 ? [`${listed(changing)} changes how programs run, and is not set from a vault`] : []),
    ...(changing.length > 1 ? [`${listed(changing)} change how programs run, and are not set from a vault`] : []),
    ...(withNul.length === 0 ? [] : [`a NUL, which no environment can hold, is in the value of ${listed(withNul)}`]),
  ];
  if (sentences.length > 0) {
    const allow = changing.slice(0, maxNamedVariables).map((variable) => `--allow-env ${variable}`);
    throw usage(sentences.join("; "), allow.length > 0 ? allow.join(" ") : "leave those secrets out");
  }
}

function listed(variables: readonly string[]): string {
  const more = variables.length - maxNamedVariables;
  return variables.slice(0, maxNamedVariables).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function isOneOf(patterns: readonly string[], variable: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? variable.startsWith(pattern.slice(0, -1)) : variable === pattern,
  );
}

/** Of a text with its NUL, and the pointer to it. */
const overheadBytes = 9;
/** What the system adds, and some room. */
const reservedBytes = 8_192;

/**
 * Refuses what the system would not take: after that nothing could be said any more.
 *
 * @param given the variables of which the largest are named
 */
export function refuseTooLarge(
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
  given: ReadonlyMap<string, string>,
): void {
  const most = mostBytes();
  const entries = Object.entries(environment).map(([variable, value]) => `${variable}=${value}`);
  const bytes = [...args, ...entries].reduce(
    (sum, text) => sum + Buffer.byteLength(text) + overheadBytes,
    reservedBytes,
  );
  if (bytes > most) {
    const largest = [...given].sort(([, a], [, b]) => b.length - a.length).slice(0, 3);
    const names = largest.map(([variable]) => variable).join(", ");
    throw usage(
      `the environment is larger than this system takes (${bytes} of ${most} bytes): the largest are ${names}`,
      "fewer secrets, or --clean-env",
    );
  }
}

const usualStackBytes = 8_388_608;
const leastArgBytes = 131_072;
const elsewhereBytes = 262_144;

/** Arguments and environment together: on Linux a quarter of the stack, and never more than three quarters of its usual size. */
function mostBytes(): number {
  if (process.platform !== "linux") {
    return elsewhereBytes;
  }
  const [, soft = ""] = /^Max stack size\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  const stack = soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft) || usualStackBytes;
  return Math.max(leastArgBytes, Math.min(stack / 4, (usualStackBytes * 3) / 4));
}
