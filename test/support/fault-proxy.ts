import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * What becomes of the next COMMIT: it arrives and is answered; it never arrives; it arrives, and its answer is lost. In
 * the last two the connection is gone. The fates of `forget` are the same, half of the COMMIT between them, but the
 * connection is gone without a word: neither side hears of it.
 */
export type CommitFate = "pass" | "lose" | "lose_answer" | "forget" | "forget_half" | "forget_answer";

/** Stands between a store and its database, and breaks connections where it hurts most. */
export interface FaultProxy {
  /** The same database, by way of the proxy. */
  url(databaseUrl: string): string;
  /** Decides over the next COMMITs, in this order; what comes after them passes. */
  plan(...fates: readonly CommitFate[]): void;
  /** How many COMMITs have come by. */
  commits(): number;
  /** How many connections were opened. */
  connections(): number;
  /** Forgets the connections that are open, as a firewall does: what either side sends vanishes, its end included. */
  forget(): void;
  /** Does the same, and accepts new connections whose bytes vanish too, until `pass`. */
  swallow(): void;
  /** A link that is down: nothing arrives, new connections included, until `pass`; then everything does. */
  hold(): void;
  /** What the database answers is not taken from it, until `pass`. */
  holdAnswers(): void;
  /** Lets pass again what is not forgotten. */
  pass(): void;
  /** New connections go to this server. */
  redirect(serverUrl: string): void;
  close(): Promise<void>;
}

interface Link {
  forget(): void;
  hold(): void;
  holdAnswers(): void;
  pass(): void;
}

/** @param serverUrl where the database is */
export async function openFaultProxy(serverUrl: string): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const links = new Set<Link>();
  let target = new URL(serverUrl);
  let mode: keyof Link = "pass";
  let planned: readonly CommitFate[] = [];
  let commits = 0;
  let connections = 0;
  const nextFate = (): CommitFate => {
    commits += 1;
    const [fate = "pass", ...rest] = planned;
    planned = rest;
    return fate;
  };
  const setAll = (to: keyof Link) => {
    for (const link of links) {
      link[to]();
    }
  };
  const setMode = (to: keyof Link) => {
    mode = to;
    setAll(to);
  };
  // Half open: the proxy itself answers no end of either side.
  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    connections += 1;
    const server = connect({ port: Number(target.port), host: target.hostname, allowHalfOpen: true });
    const link = createLink(client, server, nextFate);
    links.add(link);
    link[mode]();
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("close", () => {
        sockets.delete(socket);
        links.delete(link);
      });
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
    connections: () => connections,
    forget: () => setAll("forget"),
    swallow: () => setMode("forget"),
    hold: () => setMode("hold"),
    holdAnswers: () => setMode("holdAnswers"),
    pass: () => setMode("pass"),
    redirect(url) {
      target = new URL(url);
    },
    async close() {
      for (const socket of sockets) {
        socket.destroy();
      }
      proxy.close();
      await once(proxy, "close");
    },
  };
}

function createLink(client: Socket, server: Socket, nextFate: () => CommitFate): Link {
  const both = [client, server];
  let isForgotten = false;
  let isMuted = false;
  let isHeld = false;
  let isCut = false;
  const cut = () => {
    isCut = true;
    if (!isForgotten && !isHeld) {
      client.destroy();
      server.destroy();
    }
  };
  for (const socket of both) {
    socket.on("error", cut).on("end", cut).on("close", cut).setNoDelay(true);
  }
  client.on("data", (data) => {
    const fate = isForgotten || !isCommit(data) ? "pass" : nextFate();
    if (fate === "lose") {
      return cut();
    }
    isMuted = fate === "lose_answer";
    if (!isForgotten && fate !== "forget") {
      server.write(fate === "forget_half" ? data.subarray(0, data.length / 2) : data);
    }
    isForgotten ||= fate.startsWith("forget");
  });
  server.on("data", (data) => {
    if (isForgotten) {
      return;
    }
    if (isMuted) {
      cut();
    } else {
      client.write(data);
    }
  });
  return {
    forget() {
      isForgotten = true;
    },
    holdAnswers: () => void server.pause(),
    hold() {
      isHeld = true;
      both.forEach((socket) => void socket.pause());
    },
    pass() {
      isHeld = false;
      both.forEach((socket) => void socket.resume());
      if (isCut) {
        cut();
      }
    },
  };
}

/** A packet of its own: 3 bytes of length, a sequence number, COM_QUERY, the text. */
function isCommit(data: Buffer): boolean {
  return data.length < 64 && data[4] === 3 && data.toString("latin1", 5).endsWith("COMMIT");
}
