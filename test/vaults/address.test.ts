import { BlockList, isIPv4 } from "node:net";
import fc from "fast-check";
import { isInRange, tryParseAddress, tryParseRange } from "../../src/vaults/address.ts";

function isIn(range: string, address: string): boolean {
  const parsedRange = tryParseRange(range);
  const parsedAddress = tryParseAddress(address);
  if (parsedRange === null || parsedAddress === null) {
    throw new Error(`${range} and ${address} are not both valid`);
  }
  return isInRange(parsedRange, parsedAddress);
}

describe("a range of addresses", () => {
  test.each<[string, string, boolean]>([
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "192.0.2.2", false],
    ["192.0.2.1/32", "192.0.2.1", true],
    ["192.0.2.0/24", "192.0.2.0", true],
    ["192.0.2.0/24", "192.0.2.255", true],
    ["192.0.2.0/24", "192.0.3.0", false],
    ["192.0.2.0/23", "192.0.3.255", true],
    ["192.0.2.129/25", "192.0.2.128", true],
    ["192.0.2.129/25", "192.0.2.127", false],
    ["10.0.0.0/8", "10.255.255.255", true],
    ["128.0.0.0/1", "255.255.255.255", true],
    ["128.0.0.0/1", "127.255.255.255", false],
    ["0.0.0.0/0", "255.1.2.3", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["0.0.0.0/0", "::1", false],
    ["0.0.0.0", "0.0.0.0", true],
    ["0.0.0.0", "::", false],
    ["192.0.2.0/24", "::ffff:192.0.2.9", true],
    ["192.0.2.0/24", "::FFFF:C000:0209", true],
    ["192.0.2.0/24", "::192.0.2.9", false],
    ["192.0.2.0/24", "64:ff9b::192.0.2.9", false],
    ["::ffff:192.0.2.0/120", "192.0.2.9", true],
    ["::ffff:192.0.2.0/120", "::ffff:192.0.2.9", true],
    ["::ffff:192.0.2.0/120", "192.0.3.9", false],
    ["::ffff:0:0/96", "203.0.113.7", true],
    ["::ffff:192.0.2.1", "192.0.2.1", true],
    // An IPv4 address is no IPv6 address, however it came in.
    ["::/0", "192.0.2.1", false],
    ["::/0", "::ffff:192.0.2.1", false],
    ["::ffff:0:0/95", "192.0.2.1", false],
    ["::/0", "2001:db8::1", true],
    ["::/0", "::", true],
    ["2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true],
    ["2001:db8::/32", "2001:db9::", false],
    ["2001:DB8::1", "2001:db8:0:0:0:0:0:1", true],
    ["2001:db8::1/128", "2001:db8::2", false],
    ["2001:db8:8000::/33", "2001:db8:7fff::", false],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", true],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", true],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304", true],
    ["::255.254.253.252", "::fffe:fdfc", true],
    ["fe80::/10", "fe80::1%eth0", true],
    ["fe80::/10", "febf::1%2", true],
    ["fe80::/10", "fec0::1", false],
  ])("%s holds %s: %s", (range, address, held) => expect(isIn(range, address)).toBe(held));

  test.each([
    "",
    " ",
    "x",
    "localhost",
    "192.0.2",
    "192.0.2.1.1",
    "192.0.2.256",
    "192.0.2.01",
    "0x7f.0.0.1",
    "3221225985",
    "192.0.2.1 ",
    " 192.0.2.1",
    "192.0.2.1\n",
    "192.0.2.1:80",
    "192.0.2.0/",
    "192.0.2.0/33",
    "192.0.2.0/-1",
    "192.0.2.0/+8",
    "192.0.2.0/08",
    "192.0.2.0/8 ",
    "192.0.2.0/8/8",
    "192.0.2.0/1e1",
    "192.0.2.0/255.255.255.0",
    "192.0.2.*",
    "192.0.2.1-192.0.2.9",
    "/8",
    "*",
    ":::",
    "::1::",
    "2001:db8::/129",
    "2001:db8::/1000",
    "[2001:db8::1]",
    "fe80::1%eth0",
    "fe80::1%eth0/64",
    "fe80::%1/10",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "::g",
    "::12345",
    "::ffff:192.0.2.256",
    "１92.0.2.1",
  ])("cannot be %j", (text) => expect(tryParseRange(text)).toBeNull());

  test("holds what the list of Node holds", () => {
    const v4 = fc.ipV4();
    const v6 = fc.oneof(fc.ipV6(), fc.constantFrom("::1", "::", "2001:db8::1", "fe80::1"));
    const cases = fc.oneof(
      fc.tuple(v4, v4, fc.nat(32), fc.constant("ipv4" as const)),
      fc.tuple(v6, v6, fc.nat(128), fc.constant("ipv6" as const)),
    );
    fc.assert(
      fc.property(cases, fc.boolean(), ([network, other, prefix, family], isNear) => {
        const address = isNear ? network : other;
        fc.pre(family === "ipv4" || tryParseAddress(address)?.family === 6);
        fc.pre(family === "ipv4" || tryParseRange(`${network}/${prefix}`)?.family === 6);
        const list = new BlockList();
        list.addSubnet(network, prefix, family);
        expect(isIn(`${network}/${prefix}`, address)).toBe(list.check(address, family));
      }),
      { numRuns: 3_000 },
    );
  });

  test("holds exactly the addresses with its leading bits", () => {
    const bits = (text: string) =>
      text
        .split(".")
        .map((part) => Number(part).toString(2).padStart(8, "0"))
        .join("");
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), fc.nat(31), (network, prefix, flipped) => {
        const other = [...bits(network)].map((bit, at) => (at === flipped ? String(1 - Number(bit)) : bit)).join("");
        const address = [0, 8, 16, 24].map((at) => Number.parseInt(other.slice(at, at + 8), 2)).join(".");
        expect(isIn(`${network}/${prefix}`, address)).toBe(flipped >= prefix);
        expect(isIn(`::ffff:${network}/${96 + prefix}`, address)).toBe(flipped >= prefix);
        expect(isIn(`${network}/${prefix}`, `::ffff:${address}`)).toBe(flipped >= prefix);
      }),
    );
  });
});

describe("the address of a client", () => {
  test.each(["", "localhost", "192.0.2.1:80", "192.0.2.1%eth0", "[::1]", "192.0.2.0/24", "%eth0", "::1%", "unix"])(
    "is not %j",
    (text) => expect(tryParseAddress(text)).toBeNull(),
  );

  test("is IPv4 when it was mapped into IPv6", () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(isIPv4(text)).toBe(true);
        expect(tryParseAddress(`::ffff:${text}`)).toEqual(tryParseAddress(text));
        expect(tryParseAddress(`0:0:0:0:0:FFFF:${text}`)).toEqual(tryParseAddress(text));
      }),
    );
  });
});
