import { isIP } from "node:net";

/** An IP address as a number. An IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`) is the IPv4 address. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses whose leading bits are those of `network`. */
export interface AddressRange {
  readonly family: 4 | 6;
  /** The leading bits, without those that vary. */
  readonly network: bigint;
  readonly varyingBits: bigint;
}

/** The first 96 bits of an IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2). */
const mapped = 0xffffn;
const bitsOf = { 4: 32, 6: 128 } as const;

/**
 * The address of a client as a socket or a proxy gives it, or null for anything else. A zone (`%eth0`) is ignored: it
 * says which link of this machine the address is on.
 */
export function tryParseAddress(text: string): IpAddress | null {
  const [bare = ""] = text.split("%", 1);
  const address = isIP(text) === 0 ? null : tryParseExact(bare);
  const isMapped = address?.family === 6 && address.value >> 32n === mapped;
  return isMapped ? { family: 4, value: address.value & 0xffff_ffffn } : address;
}

/**
 * A range in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3), or an address for itself; null for anything else. Bits after
 * the prefix are ignored. A range of IPv4 addresses mapped into IPv6 is one of IPv4; a wider IPv6 range, such as `::/0`,
 * holds no IPv4 address.
 */
export function tryParseRange(text: string): AddressRange | null {
  const [, bare = "", prefix] = /^([^/%]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const address = tryParseExact(bare);
  const length = Number(prefix ?? (address && bitsOf[address.family]));
  if (address === null || length > bitsOf[address.family]) {
    return null;
  }
  const isMapped = address.family === 6 && length >= 96 && address.value >> 32n === mapped;
  const varyingBits = BigInt(bitsOf[address.family] - length);
  const value = isMapped ? address.value & 0xffff_ffffn : address.value;
  return { family: isMapped ? 4 : address.family, network: value >> varyingBits, varyingBits };
}

export function isInRange(range: AddressRange, address: IpAddress): boolean {
  return range.family === address.family && address.value >> range.varyingBits === range.network;
}

/** The address as it is written: a mapped one stays IPv6. */
function tryParseExact(text: string): IpAddress | null {
  switch (isIP(text)) {
    case 4:
      return { family: 4, value: parseV4(text) };
    case 6:
      return { family: 6, value: parseV6(text) };
    default:
      return null;
  }
}

function parseV4(text: string): bigint {
  return join(text.split(".").map(Number), 8n);
}

/** `text` has passed `isIP`: at most one `::`, an IPv4 address at the end only. */
function parseV6(text: string): bigint {
  const [head = [], tail] = text.split("::").map(groupsOf);
  const groups = tail === undefined ? head : [...head, ...zeros(8 - head.length - tail.length), ...tail];
  return join(groups, 16n);
}

function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").flatMap(numbersOf);
}

function numbersOf(group: string): number[] {
  if (!group.includes(".")) {
    return [Number.parseInt(group, 16)];
  }
  const value = Number(parseV4(group));
  return [value >>> 16, value & 0xffff];
}

function join(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(part), 0n);
}
