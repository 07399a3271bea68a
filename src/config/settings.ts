import { errorCode } from "../base/index.ts";
import type { ConfigWarning } from "./config.ts";
import { ConfigError, SettingProblem } from "./config-error.ts";
import type { ReadFile, SettingFile } from "./setting-file.ts";
import type { PlainSetting, SecretSetting } from "./setting-names.ts";
import { checkOneLine, checkValue, decodeFile } from "./setting-text.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads settings one by one and collects the problems for `finish()`. An empty value counts as not set. */
export class Settings {
  readonly #env: Environment;
  readonly #readFile: ReadFile;
  readonly #problems: string[] = [];
  readonly #warnings: ConfigWarning[] = [];

  constructor(env: Environment, readFile: ReadFile) {
    this.#env = env;
    this.#readFile = readFile;
  }

  /** The value, or undefined when it is not set. */
  text(name: PlainSetting): string | undefined {
    return this.#checked(name);
  }

  /** The parsed value; `fallback` when it is not set, or when it is invalid, which adds a problem. */
  parsed<T>(name: PlainSetting, parse: (text: string) => T, fallback: T): T {
    const text = this.#checked(name);
    const value = text === undefined ? undefined : this.#tryParse(name, () => parse(text));
    return value === undefined ? fallback : value;
  }

  /** The text of the file that a setting names; undefined when it is not set or cannot be read. */
  file(name: PlainSetting, { isSecret }: { readonly isSecret: boolean }): string | undefined {
    return this.#fileNamedBy(name, isSecret);
  }

  /** A secret from the setting or from the file that `<name>_FILE` names; undefined when unset or invalid. */
  secret<T>(name: SecretSetting, parse: (text: string) => T): T | undefined {
    const twin = `${name}_FILE`;
    const text = this.#value(name);
    if (text === undefined) {
      // Editors and `echo` end a file with a newline that is not part of the secret.
      const fileText = this.#fileNamedBy(twin, true)?.replace(/\r?\n$/, "");
      return fileText === undefined ? undefined : this.#tryParse(twin, () => parse(checkOneLine(fileText)));
    }
    if (this.#value(twin) !== undefined) {
      this.problem(`${name} and ${twin} are both set: set one of them`);
    }
    return this.#tryParse(name, () => parse(checkOneLine(checkValue(text))));
  }

  /** Whether a secret is set, directly or as a file, valid or not. */
  isSet(name: SecretSetting): boolean {
    return this.#value(name) !== undefined || this.#value(`${name}_FILE`) !== undefined;
  }

  /** The text of a file whose path is part of a setting. Throws SettingProblem. */
  fileAt(path: string): string {
    return decodeFile(this.#read(path).bytes);
  }

  problem(sentence: string): void {
    this.#problems.push(sentence);
  }

  warn(setting: string, message: string): void {
    this.#warnings.push({ setting, message });
  }

  /** Returns the warnings, or throws ConfigError with every problem. */
  finish(): readonly ConfigWarning[] {
    if (this.#problems.length > 0) {
      throw new ConfigError([...new Set(this.#problems)]);
    }
    return this.#warnings;
  }

  #value(name: string): string | undefined {
    return this.#env[name] || undefined;
  }

  #checked(name: string): string | undefined {
    const text = this.#value(name);
    return text === undefined ? undefined : this.#tryParse(name, () => checkValue(text));
  }

  #fileNamedBy(name: string, isSecret: boolean): string | undefined {
    const path = this.#checked(name);
    if (path === undefined) {
      return undefined;
    }
    return this.#tryParse(name, () => {
      const { bytes, openTo } = this.#read(path);
      if (isSecret && openTo !== "nobody") {
        this.warn(name, `${openTo} can read ${path}: chmod 600 ${path}`);
      }
      return decodeFile(bytes);
    });
  }

  #read(path: string): SettingFile {
    try {
      return this.#readFile(path);
    } catch (error) {
      throw new SettingProblem(
        `names a file that cannot be read: ${shownPath(path)} (${errorCode(error) ?? "larger than 1 MiB"})`,
      );
    }
  }

  #tryParse<T>(name: string, parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof SettingProblem)) {
        throw error;
      }
      this.problem(`${name} ${error.message}`);
      return undefined;
    }
  }
}

/** An operator may set a `_FILE` setting to the secret itself: the error must not print it. */
function shownPath(path: string): string {
  const looksSecret = /^[0-9a-fA-F]{32,}$/.test(path) || path.includes("://") || path.includes("-----BEGIN");
  return looksSecret ? "[a value that looks like a secret, not like a path]" : path;
}
