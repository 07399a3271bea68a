/** Whether a value is one that sops, eyaml or dotenvx encrypted. */
export function isCiphertext(value: string): boolean {
  const text = value.trim();
  return (text.startsWith("ENC[") && text.endsWith("]")) || text.startsWith("encrypted:");
}

/** Whether a value names a secret of 1Password or of a ZSC, and is none. */
export const isReference = (value: string): boolean => /^\s*(?:op|zsc):\/\//.test(value);
