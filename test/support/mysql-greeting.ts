import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A server of MySQL's protocol that answers every connection with one error, in words that nobody else has. */
export interface RefusingServer {
  readonly port: number;
  /** The words of its errors. */
  readonly words: string;
  refuseWith(errno: number): void;
  close(): Promise<void>;
}

/** For errors that a real server gives only when its disk is full, its memory short or its cluster broken. */
export async function openRefusingServer(): Promise<RefusingServer> {
  const words = "words of the server";
  let errno = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    socket.end(errorPacket(errno, words));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    words,
    refuseWith(next) {
      errno = next;
    },
    async close() {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.close();
      await once(server, "close");
    },
  };
}

/** In the place of a handshake: 3 bytes of length, a sequence number, 0xFF, the number, `#` and an SQLSTATE, the words. */
function errorPacket(errno: number, words: string): Buffer {
  const text = Buffer.from(`#HY000${words}`, "latin1");
  const packet = Buffer.alloc(7 + text.length);
  packet.writeUIntLE(3 + text.length, 0, 3);
  packet.writeUInt8(0xff, 4);
  packet.writeUInt16LE(errno, 5);
  text.copy(packet, 7);
  return packet;
}
