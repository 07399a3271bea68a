// Holds the imports of src/ against the table in .dependency-cruiser.cjs. A run that saw nothing is a failed one.
import { execFileSync } from "node:child_process";

const leastModules = 60;

try {
  const output = execFileSync("depcruise", ["src", "--config", ".dependency-cruiser.cjs"], { encoding: "utf8" });
  const modules = Number(/(\d+) modules/.exec(output)?.[1] ?? 0);
  console.log(output.trim());
  if (modules < leastModules) {
    console.error(`only ${modules} modules were looked at: the check itself is broken`);
    process.exitCode = 1;
  }
} catch (error) {
  process.stdout.write(String((error as { stdout?: unknown }).stdout ?? error));
  process.exitCode = 1;
}
