import { VaultError } from "../base/index.ts";

const maxVaultNameCharacters = 255;

/**
 * The name of a vault, without white space at its ends: 1 to 255 Unicode characters, no lone surrogate. Names are
 * compared byte by byte, so case and normal form count.
 *
 * @throws VaultError `INVALID_ARGUMENT`.
 */
export function parseVaultName(text: string): string {
  const name = text.trim();
  // A character is one or two code units; the first comparison keeps long texts from being split.
  const isShort = name.length <= 2 * maxVaultNameCharacters && [...name].length <= maxVaultNameCharacters;
  if (name === "" || !isShort || !name.isWellFormed()) {
    throw new VaultError(
      "INVALID_ARGUMENT",
      `name must be 1 to ${maxVaultNameCharacters} characters of well-formed text`,
    );
  }
  return name;
}
