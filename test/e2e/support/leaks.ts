import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Something that must be found nowhere: what it is, and what it looks like. */
export interface Marker {
  readonly what: string;
  readonly bytes: Uint8Array;
}

export interface Place {
  readonly where: string;
  readonly bytes: Uint8Array;
}

interface Form {
  readonly what: string;
  readonly needle: Buffer;
}

/** Every form in which the markers are in the places. */
export function findLeaks(markers: readonly Marker[], places: readonly Place[]): readonly string[] {
  const forms = markers.flatMap(formsOf);
  return places.flatMap(({ where, bytes }) => {
    const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return forms.filter(({ needle }) => haystack.includes(needle)).map(({ what }) => `${what} in ${where}`);
  });
}

export function markerOf(what: string, text: string): Marker {
  return { what, bytes: Buffer.from(text, "utf8") };
}

export function placeOf(where: string, text: string): Place {
  return { where, bytes: Buffer.from(text, "utf8") };
}

/** All files below a folder, as they lie on the disk. */
export function filesBelow(folder: string): readonly Place[] {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  return paths.filter((path) => statSync(path).isFile()).map((path) => ({ where: path, bytes: readFileSync(path) }));
}

/** The arguments of a process, as anybody on the machine can see them. */
export function argumentsOf(pid: number): Place {
  return { where: `the arguments of process ${pid}`, bytes: readFileSync(`/proc/${pid}/cmdline`) };
}

function formsOf({ what, bytes }: Marker): readonly Form[] {
  const raw = Buffer.from(bytes);
  const text = raw.toString("utf8");
  const hex = raw.toString("hex");
  const eachByte = (hex.match(/../g) ?? []).map((byte) => `%${byte}`).join("");
  const eachUnit = [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  const texts: readonly (readonly [string, string])[] = [
    ["in hex", hex],
    ["in upper-case hex", hex.toUpperCase()],
    ["percent-encoded", encodeURIComponent(text)],
    ["percent-encoded byte by byte", eachByte],
    ["percent-encoded byte by byte in upper case", eachByte.toUpperCase()],
    ["as a JSON string", JSON.stringify(text).slice(1, -1)],
    ["escaped unit by unit", eachUnit],
    ["as a list of bytes", [...raw].join(",")],
    ...base64Forms(raw),
  ];
  return [
    { what, needle: raw },
    { what: `${what} in UTF-16`, needle: Buffer.from(text, "utf16le") },
    ...texts.map(([form, needle]) => ({ what: `${what} ${form}`, needle: Buffer.from(needle, "latin1") })),
  ];
}

/** Wherever in a longer text the bytes begin, base64 shows them in one of three ways; its edges belong to neighbours. */
function base64Forms(raw: Buffer): readonly (readonly [string, string])[] {
  return [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), raw]).toString("base64");
    const certain = whole.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + raw.length) * 8) / 6));
    const urlSafe = certain.replaceAll("+", "-").replaceAll("/", "_");
    return [
      [`in base64 (${offset})`, certain],
      [`in base64url (${offset})`, urlSafe],
    ] as const;
  });
}
