import { fstatSync, openSync, readSync, statSync } from "node:fs";
import { errorCode } from "../base/index.ts";
import { cannotRead, usage } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** A file, whole. @throws CliFailure that names it */
export function readFile(path: string, maxBytes: number): Buffer {
  try {
    if (statSync(path).isDirectory()) {
      throw usage(`${path} is a folder`, "the path of a file");
    }
    return readWhole(openSync(path, "r"), path, maxBytes);
  } catch (error) {
    if (errorCode(error) !== undefined) {
      throw cannotRead(path, errorCode(error));
    }
    throw error;
  }
}

/** To its end, whatever it is: a file that is written meanwhile, or a FIFO. */
export function readWhole(file: number, name: string, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const read = readSome(file, chunk);
    if (read === 0) {
      return Buffer.concat(chunks);
    }
    size += read;
    if (size > maxBytes) {
      throw usage(`${name} is larger than ${sizeOf(maxBytes)}`, "check that it is the right one");
    }
    chunks.push(chunk.subarray(0, read));
  }
}

function sizeOf(bytes: number): string {
  return bytes < 1_048_576 ? `${bytes / 1_024} KiB` : `${bytes / 1_048_576} MiB`;
}

function readSome(file: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(file, chunk);
    } catch (error) {
      // Standard input of some shells does not wait by itself.
      if (errorCode(error) === "EOF") {
        return 0;
      }
      if (errorCode(error) !== "EAGAIN") {
        throw error;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** Standard input of a command that must have it. @throws CliFailure in a shell, which reads its own lines from it */
export function requireStdin({ stdin }: Terminal): number {
  if (stdin === undefined) {
    throw usage("standard input belongs to the shell", "a file, or the same command outside of zsc pulse");
  }
  return stdin;
}

/** Whether standard input was given on purpose: a pipe, a socket or a file, and not what schedulers give. */
export function hasInput(stdin: number): boolean {
  try {
    const stats = fstatSync(stdin);
    return stats.isFIFO() || stats.isSocket() || stats.isFile();
  } catch {
    return false;
  }
}
