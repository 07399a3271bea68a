import { freshName } from "../support/secrets.ts";
import type { Vault } from "../support/vault.ts";

const envelope = (error: string) => JSON.stringify({ ok: false, error });
const bad = { name: 7, value: 8, purposeTag: 9 };

/** Path and method, authentication, role, body, name, value, the rest, existence: the first that fails answers. */
export function orderOfChecks(vault: () => Vault): void {
  test.each([
    ["GET", "/api/zsc", 404, undefined],
    ["GET", "/api/zsc/", 405, ["DELETE"]],
    ["GET", "/api/zsc/info/a/b", 404, undefined],
    ["POST", "/api/zsc/grant/a/b", 404, undefined],
    ["POST", "/api/zsc//set", 404, undefined],
    ["GET", "/api/zsc/some-name", 405, ["DELETE"]],
    ["POST", "/api/zsc/list", 405, ["DELETE", "GET"]],
    ["GET", "/api/zsc/set", 405, ["DELETE", "POST"]],
    ["PUT", "/api/zsc/probe-permission", 405, ["DELETE", "POST"]],
    ["POST", "/api/zsc/info/a", 405, ["GET"]],
    ["GET", "/api/zsc/rotate/a", 405, ["POST"]],
    ["GET", "/api/zsc/grant/a", 405, ["POST"]],
    ["DELETE", "/api/zsc/revoke/a", 405, ["POST"]],
    ["PATCH", "/api/zsc/audit/a", 405, ["GET"]],
  ])("%s %s is %i before anything else is looked at", async (method, path, status, allow) => {
    const answer = await vault().sendBare(method, path, { body: "no JSON" });
    const error = status === 404 ? "NOT_FOUND" : "METHOD_NOT_ALLOWED";
    expect([answer.status, answer.text]).toEqual([status, envelope(error)]);
    const allowed = answer.headers["allow"]?.split(", ").sort();
    expect(allowed).toEqual(allow);
  });

  test("without a token nobody learns what is wrong with a body", async () => {
    for (const body of ["no JSON", bad, "x".repeat(2_000_000)]) {
      const answer = await vault().sendBare("POST", "/api/zsc/set", { body });
      expect([answer.status, answer.text]).toEqual([401, envelope("unauthorized")]);
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
    }
  });

  test("the role comes before the body", async () => {
    const token = await vault().token("caller", "ZEQ-1");
    const answer = await vault().send("POST", "/api/zsc/set", { token, body: "no JSON" });
    expect([answer.status, answer.text]).toEqual([403, envelope("forbidden")]);
  });

  test("the size of a body comes before what it holds", async () => {
    const answer = await vault().send("POST", "/api/zsc/set", { body: `{${" ".repeat(1_048_576)}` });
    expect([answer.status, answer.text]).toEqual([413, envelope("request too large")]);
  });

  test.each(["no JSON", "", "[]", '"text"', "7", "null", "true", '{"name":', '{"name":"a"} x', "{'name':'a'}"])(
    "the body %j is no JSON object",
    async (body) => {
      for (const path of ["/api/zsc/set", "/api/zsc/probe-permission", "/api/zsc/grant/a"]) {
        const answer = await vault().send("POST", path, { body });
        expect([answer.status, answer.text]).toEqual([400, envelope("body must be a JSON object")]);
      }
    },
  );

  test.each([
    ["nothing at all", {}, "name required"],
    ["everything wrong", bad, "name must be a string"],
    ["name null", { name: null, value: 8 }, "name required"],
    ["name empty and value wrong", { name: "", value: 8 }, "name required"],
    ["a bad name and a bad value", { name: "a|b", value: 8 }, "name must not hold control characters or |"],
    ["no value", { name: "n" }, "value must be a string"],
    ["value null", { name: "n", value: null }, "value must be a string"],
    ["value a number and a bad tag", { name: "n", value: 8, purposeTag: 9 }, "value must be a string"],
    ["value an object", { name: "n", value: {} }, "value must be a string"],
    ["value a list", { name: "n", value: ["v"] }, "value must be a string"],
    ["value true", { name: "n", value: true }, "value must be a string"],
    ["value empty and a bad tag", { name: "n", value: "", purposeTag: 9 }, "value cannot be empty"],
    [
      "value too large and a bad tag",
      { name: "n", value: "v".repeat(65_537), purposeTag: 9 },
      "value too large (>64KB)",
    ],
    ["a tag of another type", { name: "n", value: "v", purposeTag: 9 }, "purposeTag must be a string"],
    ["a tag too long", { name: "n", value: "v", purposeTag: "t".repeat(129) }, "purposeTag too long (>128 bytes)"],
    ["an owner of another type", { name: "n", value: "v", boundZid: 9 }, "boundZid must be a string"],
    ["an empty owner", { name: "n", value: "v", boundZid: "" }, "boundZid required"],
    ["an owner too long", { name: "n", value: "v", boundZid: "z".repeat(129) }, "boundZid too long (>128 bytes)"],
    [
      "permissions that are no list",
      { name: "n", value: "v", permissions: "ZEQ-1" },
      "permissions must be an array of strings",
    ],
    [
      "permissions that are an object of ours",
      { name: "n", value: "v", permissions: { zids: ["Z"] } },
      "permissions must be an array of strings",
    ],
    ["no list of permissions and no name", { value: "v", permissions: "ZEQ-1" }, "name required"],
    ["a permission that is no text and no name", { value: "v", permissions: ["\ud800"] }, "name required"],
    ["a permission that is no text and no value", { name: "n", permissions: ["\ud800"] }, "value must be a string"],
    ["an empty permission", { name: "n", value: "v", permissions: [""] }, "permission required"],
    [
      "a permission with |",
      { name: "n", value: "v", permissions: ["a|b"] },
      "permission must not hold control characters or |",
    ],
    [
      "too many permissions",
      { name: "n", value: "v", permissions: Array.from({ length: 1_001 }, (_, index) => `ZEQ-${index}`) },
      "too many permissions (>1000)",
    ],
  ])("set with %s", async (_what, body, error) => {
    const answer = await vault().send("POST", "/api/zsc/set", { body });
    expect([answer.status, answer.text]).toEqual([400, envelope(error)]);
  });

  test.each([
    ["name", { asZid: 7 }, "name required"],
    ["asZid", { name: "n" }, "asZid required"],
    ["asZid empty", { name: "n", asZid: "" }, "asZid required"],
    ["asZid null", { name: "n", asZid: null }, "asZid required"],
    ["asZid a number", { name: "n", asZid: 7 }, "asZid must be a string"],
    ["asZid too long", { name: "n", asZid: "z".repeat(129) }, "asZid too long (>128 bytes)"],
    ["a purpose that is a number", { name: "n", asZid: "Z", purpose: 7 }, "purpose must be a string"],
    ["a purpose too long", { name: "n", asZid: "Z", purpose: "ü".repeat(65) }, "purpose too long (>128 bytes)"],
    ["a purpose with |", { name: "n", asZid: "Z", purpose: "a|b" }, "purpose must not hold control characters or |"],
  ])("probe with a wrong or missing %s", async (_what, body, error) => {
    const answer = await vault().send("POST", "/api/zsc/probe-permission", { body });
    expect([answer.status, answer.text]).toEqual([400, envelope(error)]);
  });

  test.each([
    [{}, "zid required"],
    [{ zid: "" }, "zid required"],
    [{ zid: null }, "zid required"],
    [{ zid: 7 }, "zid must be a string"],
    [{ zid: "z".repeat(129) }, "zid too long (>128 bytes)"],
    [{ zid: "a\u0000b" }, "zid must not hold control characters or |"],
  ])("grant and revoke with %j, whether the secret exists or not", async (body, error) => {
    for (const call of ["grant", "revoke"]) {
      const answer = await vault().send("POST", `/api/zsc/${call}/${freshName("none")}`, { body });
      expect([answer.status, answer.text]).toEqual([400, envelope(error)]);
    }
  });
}
