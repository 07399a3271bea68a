import { BlockList, isIPv6 } from "node:net";
import type { ListenAddress } from "./config.ts";
import { SettingProblem } from "./config-error.ts";

/** Parses `host:port`; an IPv6 address is in brackets. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[(?<v6>[^[\]]+)\]|(?<host>[\w.-]+)):(?<port>\d{1,5})$/.exec(text);
  const { v6, host, port } = match?.groups ?? {};
  const isHost = v6 === undefined ? host !== undefined : isIPv6(v6);
  if (!isHost || Number(port) > 65_535) {
    throw new SettingProblem("must be host:port, such as 127.0.0.1:7777 or [::1]:7777");
  }
  return { host: v6 ?? host ?? "", port: Number(port) };
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether a host is a loopback address or `localhost`. An IPv6 address may be in brackets. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  return bare.toLowerCase() === "localhost" || loopback.check(bare, isIPv6(bare) ? "ipv6" : "ipv4");
}
