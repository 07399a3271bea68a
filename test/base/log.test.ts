import { fieldsOfError } from "../../src/base/log.ts";

const canary = "CANARY-4711";

describe("what is logged of an error", () => {
  test("is its kind, its code and its place", () => {
    const error = Object.assign(new TypeError(canary), { code: "ER_DUP_ENTRY" });
    const { reason, stack, ...rest } = fieldsOfError(error);
    expect(reason).toBe("TypeError ER_DUP_ENTRY");
    expect(stack).toMatch(/^ {4}at .*log\.test\.ts/);
    expect(rest).toEqual({});
  });

  test.each([canary, `${canary}\n    at ${canary}`, `\n    at ${canary}\n`, `$&\n    at ${canary}`])(
    "is nothing of its message %j",
    (message) => {
      const fields = fieldsOfError(new Error(message));
      expect(JSON.stringify(fields)).not.toContain(canary);
      expect(fields["stack"]).toMatch(/^ {4}at /);
    },
  );

  test("is the type of what is no error", () => {
    expect(fieldsOfError(canary)).toEqual({ reason: "string" });
    expect(fieldsOfError(undefined)).toEqual({ reason: "undefined" });
  });
});
