import { OperatorError } from "../base/index.ts";
/** Reports every invalid setting at once. The message quotes no values, only file paths. */
export class ConfigError extends OperatorError {
  override readonly name = "ConfigError";
  /** One sentence per problem, which names the setting and the remedy. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(["the configuration is not usable:", ...problems.map((problem) => `  - ${problem}`)].join("\n"));
    this.problems = problems;
  }
}

/** One invalid setting. The message is a predicate to the setting's name ("must be …") and quotes no value. */
export class SettingProblem extends Error {
  override readonly name = "SettingProblem";
}
