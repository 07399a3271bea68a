import { closeSync, fstatSync, openSync, readSync } from "node:fs";

export interface SettingFile {
  readonly bytes: Uint8Array;
  /** Which users other than the owner may read the file. */
  readonly openTo: "nobody" | "its group" | "every user of this machine";
}

/** Reads a file that a setting names. Throws the system's error, or an Error without a code for a file above 1 MiB. */
export type ReadFile = (path: string) => SettingFile;

/** The largest file that a setting may name. */
const maxSettingFileBytes = 1_048_576;

export const readSettingFile: ReadFile = (path) => {
  const file = openSync(path, "r");
  try {
    return { bytes: readBounded(file), openTo: openTo(fstatSync(file).mode) };
  } finally {
    closeSync(file);
  }
};

/** Counts the bytes read, because pipes and devices report no size. */
function readBounded(file: number): Uint8Array {
  const buffer = Buffer.alloc(maxSettingFileBytes + 1);
  let length = 0;
  for (;;) {
    const count = readSync(file, buffer, length, buffer.length - length, null);
    length += count;
    if (length > maxSettingFileBytes) {
      throw new Error("the file is larger than 1 MiB");
    }
    if (count === 0) {
      const bytes = Buffer.from(buffer.subarray(0, length));
      buffer.fill(0, 0, length);
      return bytes;
    }
  }
}

function openTo(mode: number): SettingFile["openTo"] {
  if (process.platform === "win32" || (mode & 0o044) === 0) {
    return "nobody";
  }
  return (mode & 0o004) === 0 ? "its group" : "every user of this machine";
}
