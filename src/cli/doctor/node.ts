import { type Check, fail, ok } from "./check.ts";

/** As package.json has it. */
const leastMajor = 22;

export function checkNode(): Check {
  const { node } = process.versions;
  return Number.parseInt(node, 10) >= leastMajor
    ? ok("node", `${node}, ${process.platform} ${process.arch}`)
    : fail("node", `${node} is too old`, `install Node ${leastMajor} or newer`);
}
