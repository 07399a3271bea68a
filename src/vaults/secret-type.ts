import { VaultError } from "../base/index.ts";

const secretTypes = [
  "generic",
  "password",
  "api_key",
  "private_key",
  "certificate",
  "file",
  "note",
  "ssh_key",
  "env",
  "env_bundle",
] as const;

/** A label for clients: it changes nothing about how a secret is kept. */
export type SecretType = (typeof secretTypes)[number];

/** The type of a new path when none is given. */
export const defaultSecretType: SecretType = "generic";

/** @throws VaultError `INVALID_ARGUMENT` for anything but one of the ten names. */
export function parseSecretType(text: string): SecretType {
  const type = secretTypes.find((each) => each === text);
  if (type === undefined) {
    throw new VaultError("INVALID_ARGUMENT", `type must be one of ${secretTypes.join(", ")}`);
  }
  return type;
}
