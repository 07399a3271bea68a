/** What a terminal would obey, hide or reorder: controls, formatting, separators of lines, private and unassigned characters. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** It only makes an emoji of the character before it. */
const emojiSelector = "\ufe0f";

/** Text of others as a person may see it: invisible and bidirectional characters are written out, as `\u{202e}`. */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(hidden, (character) =>
      character === emojiSelector ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
    );
}
