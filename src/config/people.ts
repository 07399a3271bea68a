import { SettingProblem } from "./config-error.ts";
import type { Settings } from "./settings.ts";

/** What concerns users and agents of `/v1`. */
interface PeopleConfig {
  /** Whether anybody may make himself a user. */
  readonly signUpIsOpen: boolean;
  /** How long tokens are good for. */
  readonly userTokenSeconds: number;
  readonly agentTokenSeconds: number;
}

// Clients renew a token a minute before it expires, so it must be good for longer.
const minTokenSeconds = 61;
const maxTokenSeconds = 86_400;

export function readPeople(settings: Settings): PeopleConfig {
  return {
    signUpIsOpen: settings.parsed<boolean>("ZSC_SIGNUP", parseSwitch, false),
    userTokenSeconds: settings.parsed<number>("ZSC_USER_TOKEN_SECONDS", parseTokenSeconds, 900),
    agentTokenSeconds: settings.parsed<number>("ZSC_AGENT_TOKEN_SECONDS", parseTokenSeconds, 3_600),
  };
}

function parseSwitch(text: string): boolean {
  if (text !== "on" && text !== "off") {
    throw new SettingProblem("must be on or off");
  }
  return text === "on";
}

function parseTokenSeconds(text: string): number {
  const seconds = /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : 0;
  if (seconds < minTokenSeconds || seconds > maxTokenSeconds) {
    throw new SettingProblem(`must be a whole number of seconds from ${minTokenSeconds} to ${maxTokenSeconds}`);
  }
  return seconds;
}
