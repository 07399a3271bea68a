/** What keeps a file from being opened, by the beginning of the error's code, and what to do about it. */
const causes: readonly (readonly [code: string, sentence: string])[] = [
  ["SQLITE_CANTOPEN", "there is no such file, or this user may not open it"],
  ["SQLITE_READONLY", "it may only be read: this user must own the file and its folder"],
  ["SQLITE_NOTADB", "the file is no SQLite database, or is damaged"],
  ["SQLITE_CORRUPT", "the file is damaged: restore it from a backup"],
  ["SQLITE_FULL", "the disk is full"],
  ["SQLITE_IOERR", "its disk fails, is full, or is no local one"],
  ["SQLITE_BUSY", "another process holds its lock"],
  ["SQLITE_ERROR", "its tables are not those of a vault"],
  ["EACCES", "this user may not make or open it"],
  ["EPERM", "this user may not make or open it"],
  ["EROFS", "its file system may only be read"],
  ["ENOSPC", "the disk is full"],
  ["EDQUOT", "this user may not store more there"],
  ["EISDIR", "it is a folder"],
  ["ENOTDIR", "a part of its path is no folder"],
  ["EEXIST", "a part of its path is no folder"],
  ["ENAMETOOLONG", "its path is too long"],
  ["ELOOP", "its path is a circle of links"],
];

/** A sentence without a word of the driver's. */
export function describeCause(code: string): string {
  const cause = causes.find(([beginning]) => code.startsWith(beginning));
  return cause === undefined ? `SQLite failed with ${code}` : `${cause[1]} (${code})`;
}
