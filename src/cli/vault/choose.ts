import { usage } from "../failure.ts";
import { type DevelopmentVault, findDevelopmentVault } from "./development-folder.ts";
import { parseVaultUrl } from "./url.ts";
import type { UserFiles } from "./user-files.ts";

/** The flags of every client command that say which vault, and as whom. */
export interface VaultFlags {
  readonly url?: string;
  readonly profile?: string;
  /** `--dev`, `--no-dev`; absent: neither. */
  readonly dev?: boolean;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly allowHttp?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The vault that a command speaks to. */
export interface ChosenVault {
  readonly url: string;
  readonly source: "flag" | "env" | "dev" | "profile";
  readonly profile?: string;
  readonly development?: DevelopmentVault;
  /** Of a PEM file that replaces the system's authorities. */
  readonly caFile?: string;
}

/**
 * The vault, by the first that applies: a flag, the environment, the development vault of the folder, the default profile
 * (contract people.md, section 1).
 *
 * @throws CliFailure when none is chosen, when the environment chooses two, and when the one that is chosen is not as it must be
 */
export function chooseVault(flags: VaultFlags, env: Environment, files: UserFiles): ChosenVault {
  const caFile = flags.caFile ?? env["ZSC_CA_FILE"];
  const chosen =
    byFlag(flags, files) ??
    (flags.dev === true ? undefined : byEnvironment(env, flags, files)) ??
    byFolder(flags, env) ??
    byDefault(files);
  if (chosen === undefined) {
    throw usage("no vault is chosen", "zsc login URL, or start one here: npx zsc serve --dev");
  }
  return caFile === undefined ? chosen : { ...chosen, caFile };
}

/** Why it is this vault, for people. */
export function chosenBy({ source, profile, development }: ChosenVault): string {
  switch (source) {
    case "flag":
      return profile === undefined ? "--url" : "--profile";
    case "env":
      return profile === undefined ? "ZSC_URL" : "ZSC_PROFILE";
    case "dev":
      return `the development vault in ${development?.folder}`;
    case "profile":
      return `the default profile, ${profile}`;
  }
}

/** The origin of `--url`, when it is given. @throws CliFailure when it is none */
export function parseUrlFlag({ url, allowHttp = false }: VaultFlags): string | undefined {
  return url === undefined ? undefined : parseVaultUrl(url, { allowHttp });
}

function byFlag(flags: VaultFlags, files: UserFiles): ChosenVault | undefined {
  const url = parseUrlFlag(flags);
  if (url !== undefined) {
    return { url, source: "flag" };
  }
  const { profile, allowHttp = false } = flags;
  return profile === undefined ? undefined : { ...ofProfile(profile, files, allowHttp), source: "flag" };
}

function byEnvironment(env: Environment, { allowHttp = false }: VaultFlags, files: UserFiles): ChosenVault | undefined {
  const { ZSC_URL: url, ZSC_PROFILE: profile } = env;
  if (url !== undefined && profile !== undefined) {
    throw usage("ZSC_URL and ZSC_PROFILE exclude each other", "unset one of them");
  }
  if (url !== undefined) {
    return { url: parseVaultUrl(url, { allowHttp }), source: "env" };
  }
  return profile === undefined ? undefined : { ...ofProfile(profile, files, allowHttp), source: "env" };
}

function byFolder({ dev }: VaultFlags, env: Environment): ChosenVault | undefined {
  if (dev === false) {
    return undefined;
  }
  const folder = env["ZSC_DATA_DIR"] ?? "./.zsc";
  const development = findDevelopmentVault(folder);
  if (development === undefined && dev === true) {
    throw usage(`there is no development vault in ${folder}`, "start one here: npx zsc serve --dev");
  }
  return development && { url: development.url, source: "dev", development };
}

function byDefault(files: UserFiles): ChosenVault | undefined {
  const { defaultProfile } = files.readConfig();
  return defaultProfile === undefined ? undefined : { ...ofProfile(defaultProfile, files, false), source: "profile" };
}

function ofProfile(name: string, files: UserFiles, allowHttp: boolean) {
  const { profiles } = files.readConfig();
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile === undefined) {
    const known = Object.keys(profiles);
    throw usage(
      `there is no profile ${JSON.stringify(name)}`,
      known.length === 0 ? "zsc login URL" : `one of: ${known.join(", ")}`,
    );
  }
  const { url, caFile } = profile;
  return { url: parseVaultUrl(url, { allowHttp }), profile: name, ...(caFile === undefined ? {} : { caFile }) };
}
