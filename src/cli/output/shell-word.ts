/** The same as an argument, which must not be taken for a flag. */
export function shellArgument(text: string): string {
  return text.startsWith("-") ? `-- ${shellWord(text)}` : shellWord(text);
}

/** A word that a POSIX shell takes as it is. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
