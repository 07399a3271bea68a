import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { createLineSink, type LineSink, maxPendingLogBytes } from "../../src/logging/line-sink.ts";
import { FileOutput } from "../../src/logging/output.ts";
import { until } from "../support/until.ts";

/** A named pipe: its reader may stop reading, go away and come back, as that of a log may. */
class Pipe {
  readonly #folder = mkdtempSync(join(tmpdir(), "zsc-log-"));
  readonly #path = join(this.#folder, "pipe");
  #reader: number | undefined;
  readonly writer: number;

  constructor() {
    execFileSync("mkfifo", [this.#path]);
    this.openReader();
    this.writer = openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK);
  }

  openReader(): void {
    this.#reader = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  closeReader(): void {
    closeSync(this.#reader as number);
    this.#reader = undefined;
  }

  /** What has been written and not yet read. */
  read(): string {
    const buffer = Buffer.alloc(65_536);
    try {
      return buffer.toString("utf8", 0, readSync(this.#reader as number, buffer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") {
        return "";
      }
      throw error;
    }
  }

  close(): void {
    closeSync(this.writer);
    if (this.#reader !== undefined) {
      closeSync(this.#reader);
    }
    rmSync(this.#folder, { recursive: true });
  }
}

describe("lines on their way out", () => {
  let pipe: Pipe;
  let output: FileOutput;
  let sink: LineSink;
  let told: number[];
  beforeEach(() => {
    pipe = new Pipe();
    output = new FileOutput(pipe.writer);
    told = [];
    sink = createLineSink(output, (count) => told.push(count));
  });
  afterEach(() => pipe.close());

  const write = async (lines: string) => {
    sink.write(lines);
    await setImmediate();
  };

  test("leave together at the end of a turn", async () => {
    sink.write("one\n");
    sink.write("two\n");
    expect(pipe.read()).toBe("");
    await setImmediate();
    expect(pipe.read()).toBe("one\ntwo\n");
  });

  test("wait for a reader who is slow, in bounded memory, and those that did not fit are counted", async () => {
    const line = `${"x".repeat(1_023)}\n`;
    const count = 3_000;
    for (let i = 0; i < count; i++) {
      await write(line);
      expect(output.pendingBytes).toBeLessThanOrEqual(maxPendingLogBytes);
    }
    expect(told).toEqual([]);
    let read = "";
    await until(() => {
      read += pipe.read();
      return told.length > 0;
    });
    await until(() => {
      const more = pipe.read();
      read += more;
      return more === "";
    });
    const arrived = read.split("\n").slice(0, -1);
    expect(new Set(arrived)).toEqual(new Set([line.trimEnd()]));
    expect(arrived.length + (told[0] ?? 0)).toBe(count);
    expect(told).toHaveLength(1);
    expect(arrived.length).toBeGreaterThan(maxPendingLogBytes / 1_024);
  });

  test("are lost while nobody can take them, and go on afterwards, on a line of their own", async () => {
    await write("before\n");
    const long = `${"y".repeat(100_000)}\n`;
    await write(long);
    expect(output.pendingBytes).toBeGreaterThan(0);
    pipe.closeReader();
    await until(() => output.pendingBytes === 0);
    await write("nobody hears this\n");
    await write("nor this\n");
    pipe.openReader();
    expect(pipe.read()).toMatch(/^before\ny+$/);
    await write("after\n");
    expect(told).toEqual([3]);
    expect(pipe.read()).toBe("\nafter\n");
  });

  test("are waited for before an end, and not for ever", async () => {
    await write(`${"z".repeat(100_000)}\n`);
    const startedMs = performance.now();
    await sink.drain(50);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(49);
    const drained = sink.drain(60_000);
    let read = "";
    await until(() => {
      read += pipe.read();
      return read.endsWith("\n");
    });
    await drained;
    expect(read.length).toBe(100_001);
  });
});
