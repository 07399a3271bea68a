import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * What becomes of the next COMMIT: it arrives and is answered; it never arrives; it arrives, and its answer is lost. In
 * the last two the connection is gone.
 */
export type CommitFate = "pass" | "lose" | "lose_answer";

/** Stands between a store and its database, and breaks connections where it hurts most. */
export interface FaultProxy {
  /** The same database, by way of the proxy. */
  url(databaseUrl: string): string;
  /** Decides over the next COMMITs, in this order; what comes after them passes. */
  plan(...fates: readonly CommitFate[]): void;
  /** How many COMMITs have come by. */
  commits(): number;
  close(): Promise<void>;
}

/** @param serverUrl where the database is */
export async function openFaultProxy(serverUrl: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let planned: readonly CommitFate[] = [];
  let commits = 0;
  const nextFate = (): CommitFate => {
    commits += 1;
    const [fate = "pass", ...rest] = planned;
    planned = rest;
    return fate;
  };
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    link(client, server, nextFate);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port: ownPort } = proxy.address() as AddressInfo;
  return {
    url(databaseUrl) {
      const url = new URL(databaseUrl);
      url.hostname = "127.0.0.1";
      url.port = String(ownPort);
      return url.href;
    },
    plan(...fates) {
      planned = fates;
    },
    commits: () => commits,
    async close() {
      for (const socket of sockets) {
        socket.destroy();
      }
      proxy.close();
      await once(proxy, "close");
    },
  };
}

function link(client: Socket, server: Socket, nextFate: () => CommitFate): void {
  let muted = false;
  const cut = () => {
    client.destroy();
    server.destroy();
  };
  for (const socket of [client, server]) {
    socket.on("error", cut).on("close", cut).setNoDelay(true);
  }
  client.on("data", (data) => {
    if (!isCommit(data)) {
      return void server.write(data);
    }
    const fate = nextFate();
    if (fate === "lose") {
      return cut();
    }
    muted = fate === "lose_answer";
    server.write(data);
  });
  server.on("data", (data) => {
    if (muted) {
      cut();
    } else {
      client.write(data);
    }
  });
}

/** A packet of its own: 3 bytes of length, a sequence number, COM_QUERY, the text. */
function isCommit(data: Buffer): boolean {
  return data.length < 64 && data[4] === 3 && data.toString("latin1", 5).endsWith("COMMIT");
}
