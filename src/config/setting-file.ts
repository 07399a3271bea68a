import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";

export interface SettingFile {
  readonly text: string;
  /** Whether every user of the machine may read it. */
  readonly openToOthers: boolean;
}

/** Reads a file that a setting names. Throws whatever the system says. */
export type ReadFile = (path: string) => SettingFile;

const maxFileBytes = 1_048_576;
const readByOthers = 0o004;

export const readSettingFile: ReadFile = (path) => {
  const file = openSync(path, "r");
  try {
    const { mode, size } = fstatSync(file);
    if (size > maxFileBytes) {
      throw new Error("the file is larger than 1 MiB");
    }
    return { text: readFileSync(file, "utf8"), openToOthers: (mode & readByOthers) !== 0 };
  } finally {
    closeSync(file);
  }
};
