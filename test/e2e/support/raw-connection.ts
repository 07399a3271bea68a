import { connect, type Socket } from "node:net";

/** A TCP connection on which anything can be said. */
export interface RawConnection {
  write(bytes: string | Uint8Array): void;
  /** All that came back so far. */
  received(): Buffer;
  /** Resolves once what came back matches, or with what came when the server has closed the connection. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves when the server has closed it. */
  closed(): Promise<void>;
  /** Cuts it off, without a farewell. */
  cut(): void;
}

export async function rawConnection(host: string, port: number): Promise<RawConnection> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = connect(port, host, () => resolve(opening));
    opening.once("error", reject);
  });
  let received = Buffer.alloc(0);
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) {
      listener();
    }
  };
  let isClosed = false;
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    tell();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
    tell();
  });
  const wait = (isOver: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!isClosed && !isOver()) {
          return;
        }
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });
  const text = () => received.toString("latin1");
  return {
    write: (bytes) => void socket.write(bytes),
    received: () => received,
    async until(pattern) {
      await wait(() => pattern.test(text()));
      return text();
    },
    closed: () => wait(() => false),
    cut: () => socket.resetAndDestroy(),
  };
}
