import type { X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect, isIP } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { failureOfNetwork } from "../vault/call-failure.ts";
import type { ChosenVault } from "../vault/choose.ts";
import { readAuthorities } from "../vault/connect.ts";
import { checkEnd, describeChain } from "./certificate.ts";
import { type Check, type Checking, fail, failOf, ok, type TimeText } from "./check.ts";
import { within } from "./within.ts";

/** As long as any command waits for a connection. */
const connectTimeoutMs = 5_000;
export const checkUrl = "check the URL";

/** What a vault is reached by. */
export interface Line {
  readonly url: string;
  /** PEM; absent: the system's authorities. */
  readonly ca?: string;
  /** What TLS has agreed on; undefined over plain `http:`. */
  readonly protocol: string | undefined;
}

interface Place {
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

/** Name, TCP, TLS. */
export async function* checkNetwork({ url, caFile }: ChosenVault, timeText: TimeText): Checking<Line> {
  const { hostname, port, protocol } = new URL(url);
  const isTls = protocol === "https:";
  const place = { url, host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || (isTls ? 443 : 80)) };
  const isReached = (yield* checkName(place)) && (yield* checkTcp(place));
  if (!isReached) {
    return undefined;
  }
  return isTls ? yield* checkTls(place, caFile, timeText) : { url, protocol: undefined };
}

async function* checkName({ url, host }: Place): Checking<true> {
  if (isIP(host) !== 0) {
    return true;
  }
  try {
    const addresses = await within(connectTimeoutMs, lookup(host, { all: true }));
    yield ok("dns", `${host} is ${addresses.map(({ address }) => address).join(", ")}`);
    return true;
  } catch (error) {
    yield failOf("dns", failureOfNetwork(error, url), checkUrl);
    return undefined;
  }
}

async function* checkTcp({ url, host, port }: Place): Checking<true> {
  const socket = connect({ host, port });
  try {
    await within(connectTimeoutMs, once(socket, "connect"));
    yield ok("tcp", `connected to ${socket.remoteAddress} port ${port}`);
    return true;
  } catch (error) {
    yield failOf("tcp", failureOfNetwork(error, url), checkUrl);
    return undefined;
  } finally {
    socket.destroy();
  }
}

async function* checkTls(place: Place, caFile: string | undefined, timeText: TimeText): Checking<Line> {
  const { url } = place;
  let socket: TLSSocket | undefined;
  try {
    const ca = caFile === undefined ? undefined : readAuthorities(caFile);
    socket = openTls(place, ca);
    await within(connectTimeoutMs, once(socket, "secureConnect"));
    const chain = chainOf(socket);
    if (!socket.authorized) {
      yield refusal(socket, chain, url, timeText);
      return undefined;
    }
    yield checkEnd(chain, Date.now(), timeText);
    return { url, ...(ca === undefined ? {} : { ca }), protocol: socket.alpnProtocol || "no protocol" };
  } catch (error) {
    yield failOf("tls", failureOfNetwork(error, url), "--ca-file FILE with the vault's authority, in PEM");
    return undefined;
  } finally {
    socket?.destroy();
  }
}

/** A certificate that is not good has to be seen to be told of. Nothing is sent over this connection. */
function openTls({ host, port }: Place, ca: string | undefined): TLSSocket {
  return connectTls({
    ...{ host, port, ALPNProtocols: ["h2", "http/1.1"], rejectUnauthorized: false },
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
  });
}

function refusal(
  { authorizationError }: TLSSocket,
  chain: readonly X509Certificate[],
  url: string,
  timeText: TimeText,
): Check {
  // The type says an Error; Node gives its code.
  const code = String(authorizationError);
  const { message, next } = failureOfNetwork(Object.assign(new Error(code), { code }), url);
  return fail("tls", `${message}: ${describeChain(chain, Date.now(), timeText)}`, next);
}

const maxChainLength = 10;

function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let each = socket.getPeerX509Certificate();
  while (each !== undefined && chain.length < maxChainLength) {
    chain.push(each);
    each = each.issuerCertificate;
  }
  return chain;
}
