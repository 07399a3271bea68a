import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";

/** Who sends: a connection, and the address that it comes from. */
export interface Peer {
  readonly connection: object;
  readonly address: string;
}

// Every call asks, and an address takes a while to be told.
const peers = new WeakMap<object, Peer>();

/** Who is at the other end; undefined: a session that is gone. */
export function peerOf(connection: Socket | Http2Session | undefined): Peer {
  if (connection === undefined) {
    return nobody;
  }
  let peer = peers.get(connection);
  if (peer === undefined) {
    const socket = "socket" in connection ? connection.socket : connection;
    peer = { connection, address: networkOf(socket?.remoteAddress ?? "") };
    peers.set(connection, peer);
  }
  return peer;
}

const nobody: Peer = { connection: {}, address: "" };

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
