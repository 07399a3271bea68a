import { isIP } from "node:net";
import type { CallOrigin } from "../../transport/index.ts";

/**
 * The address of the client: the socket's, or, when that is a trusted proxy's, the last one of `X-Forwarded-For` that is not. What a
 * stranger writes into the field counts for nothing. Empty, so not known, when the proxy wrote what is no address: taken for the
 * proxy's own, a deny would open.
 */
export function clientAddress(
  { peerAddress, header }: Pick<CallOrigin, "peerAddress" | "header">,
  trusted: readonly string[],
): string {
  let address = plain(peerAddress);
  if (!trusted.includes(address)) {
    return address;
  }
  const forwarded = header.all("x-forwarded-for").join(",");
  if (forwarded.trim() === "") {
    return address;
  }
  for (const entry of forwarded.split(",").reverse()) {
    const next = plain(entry.trim());
    if (isIP(next) === 0) {
      return "";
    }
    address = next;
    if (!trusted.includes(address)) {
      return address;
    }
  }
  return address;
}

/** IPv4 as it is written, also when it comes over a socket of IPv6. */
function plain(address: string): string {
  return address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
