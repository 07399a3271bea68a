import { readFileSync } from "node:fs";

/** Linux counts CPU time in these (`getconf CLK_TCK`), whatever the kernel was built with. */
const ticksPerSecond = 100;

/** CPU time that a process has used, all its threads; NaN where there is no /proc. */
export function cpuSecondsOf(pid: number): number {
  // The name, in brackets, may hold spaces; user and system time are the 14th and 15th field.
  const fields = statOf(pid)
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** CPU time of this process's children that have ended; NaN where there is no /proc. */
export function cpuSecondsOfEndedChildren(): number {
  const fields = statOf(process.pid)
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

/** Memory that a process holds (`VmRSS`); NaN where there is no /proc. */
export function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(textOf(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? Number.NaN) / 1_024;
}

function statOf(pid: number): string {
  return textOf(`/proc/${pid}/stat`);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
