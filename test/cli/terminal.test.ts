import { recordedTerminal } from "./recorded-terminal.ts";

test("results go to standard output, notes to standard error, a line each", () => {
  const { terminal, written } = recordedTerminal();
  terminal.out("a result");
  terminal.note("a note");
  expect(written).toEqual({ stdout: "a result\n", stderr: "a note\n" });
});

test("progress replaces its own line on a terminal, and leaves none behind", () => {
  const { terminal, written } = recordedTerminal(true);
  terminal.progress("1 of 2");
  terminal.progress("2 of 2");
  terminal.progressDone();
  expect(written).toEqual({ stdout: "", stderr: "\r\x1b[K1 of 2\r\x1b[K2 of 2\r\x1b[K" });
});

test.each([undefined, false])("progress is not shown where no terminal is: isTTY %s", (isTTY) => {
  const { terminal, written } = recordedTerminal(isTTY);
  terminal.progress("1 of 2");
  terminal.progressDone();
  expect(written).toEqual({ stdout: "", stderr: "" });
});
