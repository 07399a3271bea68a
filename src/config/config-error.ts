import { OperatorError } from "../domain/operator-error.ts";

/** Everything that is wrong with the settings, at once. The message quotes no value, only paths of files. */
export class ConfigError extends OperatorError {
  override readonly name = "ConfigError";
  /** One sentence each, naming its setting and what to do. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(["the configuration is not usable:", ...problems.map((problem) => `  - ${problem}`)].join("\n"));
    this.problems = problems;
  }
}

/** What is wrong with one setting, said so that its name can stand before it: "must be …". Quotes nothing. */
export class SettingProblem extends Error {
  override readonly name = "SettingProblem";
}
