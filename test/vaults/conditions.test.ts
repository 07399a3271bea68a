import { momentOf } from "../../src/base/moment.ts";
import { tryParseAddress } from "../../src/vaults/address.ts";
import { conditionsHold, parseConditions, restoreConditions } from "../../src/vaults/conditions.ts";
import { refusal } from "./refusal.ts";

const at = (iso: string) => momentOf({ nowMs: () => Date.parse(iso) });
const noon = "2026-06-01T12:00:00Z";
const night = "2026-06-01T03:00:00Z";
const office = { after: "09:00", before: "17:00", timezone: "UTC" };

function hold(json: unknown, iso: string, address: string | null): boolean | null {
  return conditionsHold(parseConditions(json), at(iso), address === null ? null : tryParseAddress(address));
}

describe("conditions", () => {
  test.each<[unknown, string, string | null, boolean | null]>([
    [{}, noon, "192.0.2.1", true],
    [{}, noon, null, true],
    [{ ip_allowlist: ["192.0.2.1"] }, noon, "192.0.2.1", true],
    [{ ip_allowlist: ["192.0.2.1"] }, noon, "192.0.2.2", false],
    [{ ip_allowlist: ["192.0.2.1"] }, noon, null, null],
    [{ ip_allowlist: ["192.0.2.1"] }, noon, "no address", null],
    [{ ip_allowlist: ["2001:db8::/32", "10.0.0.0/8"] }, noon, "::ffff:10.1.2.3", true],
    [{ time_window: office }, noon, null, true],
    [{ time_window: office }, night, null, false],
    [{ time_window: { after: "09:00", before: "17:00" } }, noon, null, true],
    [{ time_window: { ...office, timezone: "Asia/Tokyo" } }, noon, null, false],
    [{ ip_allowlist: ["10.0.0.0/8"], time_window: office }, noon, "10.0.0.1", true],
    [{ ip_allowlist: ["10.0.0.0/8"], time_window: office }, night, "10.0.0.1", false],
    [{ ip_allowlist: ["10.0.0.0/8"], time_window: office }, noon, "11.0.0.1", false],
    [{ ip_allowlist: ["10.0.0.0/8"], time_window: office }, noon, null, null],
    // One that does not hold settles it, whatever is not known.
    [{ ip_allowlist: ["10.0.0.0/8"], time_window: office }, night, null, false],
  ])("%j hold at %s from %s: %s", (json, iso, address, held) => expect(hold(json, iso, address)).toBe(held));

  const others = "conditions other than ip_allowlist and time_window are not supported";
  const list = "ip_allowlist must be a list of 1 to 256 entries";
  const entries = "ip_allowlist must hold IP addresses and CIDR ranges";
  const times = "time_window must hold after and before as HH:MM, not equal, and timezone as UTC or an IANA name";
  const fields = "time_window must hold after, before and timezone only";
  const refused: [string, unknown, string][] = [
    ["null", null, "conditions must be an object"],
    ["nothing", undefined, "conditions must be an object"],
    ["a text", "{}", "conditions must be an object"],
    ["a list", [], "conditions must be an object"],
    ["true", true, "conditions must be an object"],
    ["an object with another behind it", Object.create({ ip_allowlist: ["10.0.0.1"] }), "conditions must be an object"],
    ["a key of no condition", { days: ["mon"] }, others],
    ["environment_in", { environment_in: ["prod"] }, others],
    ["an empty environment_in", { environment_in: [] }, others],
    ["runtime_image_in", { runtime_image_in: ["sha256:0"] }, others],
    ["an unknown key beside known ones", { ip_allowlist: ["10.0.0.1"], time_window: office, x: null }, others],
    ["another case", { IP_allowlist: ["10.0.0.1"] }, others],
    ["__proto__", JSON.parse('{"__proto__":{}}'), others],
    ["no entries", { ip_allowlist: [] }, list],
    ["an address for a list", { ip_allowlist: "10.0.0.1" }, list],
    ["null for a list", { ip_allowlist: null }, list],
    ["too many entries", { ip_allowlist: Array(257).fill("10.0.0.1") }, list],
    ["an entry that is no address", { ip_allowlist: ["10.0.0.1", "canary"] }, entries],
    ["an entry that is no text", { ip_allowlist: [167_772_161] }, entries],
    ["null for an entry", { ip_allowlist: [null] }, entries],
    ["null for a window", { time_window: null }, "time_window must be an object"],
    ["a list for a window", { time_window: [] }, "time_window must be an object"],
    ["an empty window", { time_window: {} }, times],
    ["a window without after", { time_window: { before: "17:00", timezone: "UTC" } }, times],
    ["a window without before", { time_window: { after: "09:00", timezone: "UTC" } }, times],
    ["a window of no length", { time_window: { ...office, before: "09:00" } }, times],
    ["a window of numbers", { time_window: { after: 9, before: 17 } }, times],
    ["null for a zone", { time_window: { ...office, timezone: null } }, times],
    ["an unknown zone", { time_window: { ...office, timezone: "canary" } }, times],
    ["days of the week", { time_window: { ...office, days: ["mon"] } }, fields],
  ];
  test.each(refused)("refuse %s", (_what, json, message) => {
    expect(refusal(() => parseConditions(json))).toBe(message);
    expect(message).not.toContain("canary");
  });

  // What JSON can say: neither nothing nor an object with another behind it.
  const storable = refused.filter(([what]) => !what.startsWith("nothing") && !what.includes("behind it"));
  test.each([...storable.map(([what, json]) => [what, json] as const), ["no JSON", undefined] as const])(
    "when %s was stored, it is not known whether they hold",
    (_what, json) => {
      expect(
        conditionsHold(restoreConditions(JSON.stringify(json) ?? "{"), at(noon), tryParseAddress("10.0.0.1")),
      ).toBeNull();
    },
  );

  test("are restored as they were parsed", () => {
    const json = { ip_allowlist: ["10.0.0.0/8", "2001:db8::1"], time_window: office };
    expect(restoreConditions(JSON.stringify(json))).toEqual(parseConditions(json));
    expect(parseConditions({ ip_allowlist: Array(256).fill("10.0.0.1") }).addresses).toHaveLength(256);
  });
});
