import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

/** What is waited for on the terminal, and what is typed then. */
export type Step = readonly [shown: string, typed: string];

interface Typed {
  readonly code: number;
  /** All that the terminal showed, echoes included. */
  readonly shown: string;
}

/** Runs a command on a terminal of its own, types what the steps say, and leaves when it has ended. */
const driver = `
import json, os, pty, select, sys, time
argv, steps, columns = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
import fcntl, struct, termios
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
shown = b""
seen = 0
until = time.monotonic() + 60
while time.monotonic() < until:
    if select.select([fd], [], [], 0.1)[0]:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    while steps:
        at = shown.find(steps[0][0].encode(), seen)
        if at < 0:
            break
        seen = at + len(steps[0][0].encode())
        os.write(fd, steps.pop(0)[1].encode())
else:
    os.kill(pid, 9)
status = os.waitpid(pid, 0)[1]
sys.stdout.buffer.write(json.dumps([os.waitstatus_to_exitcode(status), shown.decode("utf8", "replace")]).encode())
`;

const execute = promisify(execFile);

export async function typeZsc(
  args: readonly string[],
  steps: readonly Step[],
  { cwd, env = {}, columns = 80 }: { cwd: string; env?: Readonly<Record<string, string>>; columns?: number },
): Promise<Typed> {
  const argv = [process.execPath, resolve("bin/zsc.mjs"), ...args];
  const { stdout } = await execute("python3", ["-c", driver, JSON.stringify([argv, steps, columns])], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", ...env },
    maxBuffer: 16_777_216,
  });
  const [code, shown] = JSON.parse(stdout) as [number, string];
  return { code, shown };
}
