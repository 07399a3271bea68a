const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** East Asian wide and emoji characters take two columns (UAX #11); marks take none. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    width += wide.test(segment) ? 2 : 1;
  }
  return width;
}

/** The text with blanks up to a width. */
export function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** A text in pieces of at most so many columns. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const more = wide.test(segment) ? 2 : 1;
    if (used + more > width && line !== "") {
      lines.push(line);
      line = "";
      used = 0;
    }
    line += segment;
    used += more;
  }
  return [...lines, line];
}
