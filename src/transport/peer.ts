import type { Socket } from "node:net";

/** Who sends: a connection, and the address that it comes from. */
export interface Peer {
  readonly connection: object;
  readonly address: string;
}

export function peerOf(connection: object, socket: Pick<Socket, "remoteAddress"> | undefined): Peer {
  return { connection, address: networkOf(socket?.remoteAddress ?? "") };
}

/** What one customer of a network has: an address of IPv4, 64 bits of IPv6. */
export function networkOf(address: string): string {
  if (!address.includes(":")) {
    return address;
  }
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped ?? groupsOf(address).slice(0, 4).join(":");
}

function groupsOf(address: string): readonly string[] {
  const [front = [], back] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  if (back === undefined) {
    return front;
  }
  return [...front, ...Array<string>(Math.max(0, 8 - front.length - back.length)).fill("0"), ...back];
}
