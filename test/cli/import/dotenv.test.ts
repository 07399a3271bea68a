import { type Told, toldBriefly } from "./outcome.ts";

const env = (input: string | Uint8Array) => toldBriefly(input, { format: "env" });

type Row = readonly [title: string, input: string, expected: Partial<Told>];

const accepted: readonly Row[] = [
  ["a plain entry", "A=1", { entries: ["A = 1 @1"] }],
  ["nothing", "", {}],
  ["blank lines and comments", "\n \t\n# A=1\n  # B=2\nC=3\n", { entries: ["C = 3 @5"] }],
  ["LF, CRLF and CR", "A=1\r\nB=2\rC=3\n\rD=4", { entries: ["A = 1 @1", "B = 2 @2", "C = 3 @3", "D = 4 @5"] }],
  ["a byte order mark", "\ufeffA=1", { entries: ["A = 1 @1"] }],
  ["export", "export A=1\nexport\t B = 2\nexport=3", { entries: ["A = 1 @1", "B = 2 @2", "export = 3 @3"] }],
  ["blanks around", "  A\t= 1 \t", { entries: ["A = 1 @1"] }],
  ["names with signs", "a.b/c-d_1=x", { entries: ["a.b/c-d_1 = x @1"] }],
  ["a comment", "A=1 # b\nB=2\t#c", { entries: ["A = 1 @1", "B = 2 @2"] }],
  ["inner signs", "A=a b\\c'd\"e`f=g", { entries: ["A = a b\\c'd\"e`f=g @1"] }],
  ["single quotes", "A='a # $B \\n'  # c", { entries: ["A = a # $B \\n @1"] }],
  ["single quotes over lines", "A='a\r\n\r b'\nB=1", { entries: ["A = a\n\n b @1", "B = 1 @4"] }],
  ["double quotes", "A=\"a # 'b'\" #c", { entries: ["A = a # 'b' @1"] }],
  ["double quotes over lines", 'A="a\rb"\nB=1', { entries: ["A = a\nb @1", "B = 1 @3"] }],
  ["the escapes of all readers", 'A="a\\nb\\rc"', { entries: ["A = a\nb\rc @1"] }],
  [
    "a dollar that is none",
    "A=a$\nB=$ 1\nC='$D'\nE=a$.",
    { entries: ["A = a$ @1", "B = $ 1 @2", "C = $D @3", "E = a$. @4"] },
  ],
  [
    "PEM in one line",
    "A=-----BEGIN X-----\\nz\\n-----END X-----",
    { entries: ["A = -----BEGIN X-----\\nz\\n-----END X----- @1"] },
  ],
  [
    "PEM between quotes",
    'A="-----BEGIN X-----\nz\n-----END X-----"',
    { entries: ["A = -----BEGIN X-----\nz\n-----END X----- @1"] },
  ],
  ["one smart quote", "A=\u2019tis", { entries: ["A = \u2019tis @1"] }],
];

const warned: readonly Row[] = [
  [
    "hash_kept",
    "A=a#b\nB=#b",
    { entries: ["A = a#b @1", "B = #b @2"], warnings: ["hash_kept A @1", "hash_kept B @2"] },
  ],
  ["comment_read", "A= # b", { skipped: ["empty A @1"], warnings: ["comment_read A @1"] }],
  [
    "backslash_kept, at the end",
    "A=b\\\nC=1",
    { entries: ["A = b\\ @1", "C = 1 @2"], warnings: ["backslash_kept A @1"] },
  ],
  [
    "backslash_kept, in single quotes",
    "A='b\\\\c\\\\'",
    { entries: ["A = b\\\\c\\\\ @1"], warnings: ["backslash_kept A @1"] },
  ],
  [
    "backslash_kept, in double quotes",
    'A="b\\xc\\\nd"',
    {
      entries: ["A = b\\xc\\\nd @1"],
      warnings: ["backslash_kept A @1-2"],
    },
  ],
  ["escape_read", 'A="\\t|\\\\|\\"|\\$B"', { entries: ['A = \t|\\|"|$B @1'], warnings: ["escape_read A @1"] }],
  [
    "spaces_kept",
    "A=\u00a0b\nC=d\u3000\nE=\ufefff",
    {
      entries: ["A = \u00a0b @1", "C = d\u3000 @2", "E = \ufefff @3"],
      warnings: ["spaces_kept A @1", "spaces_kept C @2", "spaces_kept E @3"],
    },
  ],
  ...["$B", "$\u007bB}", "$(b)", "$$", "$_", "$1", "$é"].flatMap((value): Row[] => [
    ["dollar_kept", `A=a${value}`, { entries: [`A = a${value} @1`], warnings: ["dollar_kept A @1"] }],
    [
      "dollar_kept, in double quotes",
      `A="a${value}"`,
      { entries: [`A = a${value} @1`], warnings: ["dollar_kept A @1"] },
    ],
  ]),
  ["empty values", "A=\nB=''\nC=\"\" # d", { skipped: ["empty A @1", "empty B @2", "empty C @3"] }],
  [
    "what Doppler adds",
    "DOPPLER_PROJECT=a\nDOPPLER_CONFIG=b\nDOPPLER_ENVIRONMENT=c\nDOPPLER_TOKEN=d",
    {
      entries: ["DOPPLER_TOKEN = d @4"],
      skipped: ["metadata DOPPLER_PROJECT @1", "metadata DOPPLER_CONFIG @2", "metadata DOPPLER_ENVIRONMENT @3"],
    },
  ],
];

const refused: readonly Row[] = [
  ["no_value", "A\nexport B\nC # d", { refused: ["no_value @1", "no_value @2", "no_value @3"] }],
  ["yaml_style", "A: b\nC:\nD: e=f", { refused: ["yaml_style @1", "yaml_style @2", "yaml_style @3"] }],
  [
    "bad_name",
    "1A=b\n=c\nA B=c\n\u00a0A=b\né=1",
    {
      refused: ["bad_name @1", "bad_name @2", "bad_name @3", "bad_name @4", "bad_name @5"],
    },
  ],
  [
    "bad_name, of a name that the vault refuses",
    "a//b=1\na/../b=1\na/=1",
    {
      refused: ["bad_name a//b @1", "bad_name a/../b @2", "bad_name a/ @3"],
    },
  ],
  ["not_an_entry", "a b c\n{}\n\u00a0", { refused: ["not_an_entry @1", "not_an_entry @2", "not_an_entry @3"] }],
  [
    "not_text",
    "A=b\0\n#\0\nC\0\nD='\0'\n\0=1",
    {
      refused: ["not_text A @1", "not_text @2", "not_text @3", "not_text D @4", "not_text @5"],
    },
  ],
  [
    "multiline_unquoted",
    "A=-----BEGIN X-----\nMII=\n-----END X-----\nB=1",
    {
      entries: ["B = 1 @4"],
      refused: ["multiline_unquoted A @1-3"],
    },
  ],
  ["multiline_unquoted, without an end", "A=-----BEGIN X-----\nMII=\n", { refused: ["multiline_unquoted A @1-2"] }],
  [
    "multiline_unquoted, where nothing is said to hold it",
    "A: -----BEGIN X-----\nMII=\n-----END X-----\n-----BEGIN X-----\nMII=\n-----END X-----\nB=1",
    { entries: ["B = 1 @7"], refused: ["yaml_style @1-3", "multiline_unquoted @4-6"] },
  ],
  [
    "smart_quotes",
    "A=\u201cb\u201d\nC=\u2018d\u2019 # e\nF=\u201eg\u201c",
    {
      refused: ["smart_quotes A @1", "smart_quotes C @2", "smart_quotes F @3"],
    },
  ],
  [
    "ambiguous_quote, a backslash before the closing one",
    "A='it\\'s'\nB='c\\\\\\'\nD=1",
    {
      entries: ["D = 1 @3"],
      refused: ["ambiguous_quote A @1", "ambiguous_quote B @2"],
    },
  ],
  [
    "ambiguous_quote, backticks",
    "A=`b`\nC=`d\nE=1\nf`\nG=`",
    {
      refused: ["ambiguous_quote A @1", "ambiguous_quote C @2-4", "ambiguous_quote G @5"],
    },
  ],
  [
    "text_after_quote",
    "A='b'c\nD=\"e\"#f\nG=\"h\" i\nJ='k''l'",
    {
      refused: ["text_after_quote A @1", "text_after_quote D @2", "text_after_quote G @3", "text_after_quote J @4"],
    },
  ],
  [
    "text_after_quote, of a shell that joins quoted texts over lines",
    "A='''\nSECRET=1\n'''\nB='it'\\''s\nSECRET=2\n'\nC=\"x\"'\nSECRET=3'\nD=1",
    {
      entries: ["D = 1 @9"],
      refused: ["text_after_quote A @1-3", "text_after_quote B @4-6", "text_after_quote C @7-8"],
    },
  ],
  [
    "text_after_quote, where the next one has no end",
    "A=''''\nB=''\"\nSECRET=1\n",
    { refused: ["text_after_quote A @1", "text_after_quote B @2-3"] },
  ],
  [
    "lines of a value whose left side is refused, with it",
    "1A='x\nSECRET=1\n'\nB: \"x\nSECRET=2\"\n'C' = `\nSECRET=3`\nD: 'x'\nE=1\n1F='\nSECRET=4",
    {
      entries: ["E = 1 @9"],
      refused: ["bad_name @1-3", "yaml_style @4-5", "bad_name @6-7", "yaml_style @8", "bad_name @10-11"],
    },
  ],
  ["unterminated_quote", "A=1\nB='c\nD=1\n", { entries: ["A = 1 @1"], refused: ["unterminated_quote B @2-3"] }],
  ["unterminated_quote, double", 'B="c\\"', { refused: ["unterminated_quote B @1"] }],
];

describe("the .env grammar", () => {
  test.each(accepted)("takes %s", (_, input, expected) => expect(env(input)).toEqual(expected));
  test.each(warned)("keeps the text and says so: %s", (_, input, expected) => expect(env(input)).toEqual(expected));
  test.each(refused)("refuses: %s", (_, input, expected) => expect(env(input)).toEqual(expected));

  test.each([
    ["UTF-16", Buffer.from("\ufeffA=1\n", "utf16le"), 1],
    ["UTF-16 without a mark", Buffer.from("A=1\n", "utf16le"), 1],
    ["UTF-16 of the other order", Buffer.from("A=1\n", "utf16le").swap16(), 1],
    ["Latin 1", Buffer.from("A=1\r\nB=2\rC=\xe9\nD=\xe9", "latin1"), 3],
    ["a cut character", Buffer.from("A=1\n\u20ac").subarray(0, -1), 2],
  ])("refuses %s with its line", (_, bytes, line) => {
    expect(env(bytes)).toEqual({ refused: [`not_utf8 @${line}`] });
  });
});
