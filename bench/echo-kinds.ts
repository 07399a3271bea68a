/** Who answers the bare calls: our transport, or what it is measured against. */
export type EchoKind = "fast" | "stock" | "stock-http1" | "http2" | "http" | "grpc-js";

export const echoTitles: Readonly<Record<EchoKind, string>> = {
  fast: "our transport",
  stock: "stock Connect-Node",
  "stock-http1": "stock Connect-Node",
  http2: "raw node:http2",
  http: "raw node:http",
  "grpc-js": "@grpc/grpc-js",
};
