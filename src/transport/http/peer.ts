import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ClientCertificate } from "../options.ts";

/** The peer of a call: its connection and address. */
export interface Peer {
  readonly connection: object;
  readonly address: string;
}

// A cache, because every call needs the peer and reading the address is slow.
const peers = new WeakMap<Socket, Peer>();

/** The peer of a connection. */
export function peerOf(socket: Socket): Peer {
  let peer = peers.get(socket);
  if (peer === undefined) {
    peer = { connection: socket, address: networkOf(socket.remoteAddress ?? "") };
    peers.set(socket, peer);
  }
  return peer;
}

/** The network that one customer typically controls: an IPv4 address, or a /64 of IPv6. */
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

/** The certificate that a client has shown and that was verified; undefined without TLS, or without one. */
export function certificateOf(socket: Socket | undefined): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) {
    return undefined;
  }
  const { subject, fingerprint256 } = socket.getPeerCertificate();
  const lines = Object.entries(subject ?? {}).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => `${name}=${value}`),
  );
  return lines.length === 0 ? undefined : { subject: lines.join("\n"), fingerprint256 };
}
