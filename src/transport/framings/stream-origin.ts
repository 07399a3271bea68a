import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Socket } from "node:net";
import { CallHeaders } from "../http/headers.ts";
import { certificateOf } from "../http/peer.ts";
import type { CallOrigin } from "../options.ts";

/** Where a stream comes from, which arrives as a request of Node's. */
export function originOf(request: IncomingMessage | Http2ServerRequest): CallOrigin {
  const { host = "localhost" } = request.headers;
  const header = new CallHeaders(request.rawHeaders);
  const httpMethod = request.method ?? "";
  if ("authority" in request) {
    const origin = `${request.scheme}://${request.authority || host}`;
    const { session } = request.stream;
    return originWith({ header, httpMethod, origin, socket: session?.destroyed ? undefined : session?.socket });
  }
  const origin = `${"encrypted" in request.socket ? "https" : "http"}://${host}`;
  return originWith({ header, httpMethod, origin, socket: request.socket });
}

/** The address and the certificate are read only if somebody asks. */
function originWith({
  socket,
  ...rest
}: Pick<CallOrigin, "header" | "httpMethod" | "origin"> & { socket: Socket | undefined }): CallOrigin {
  return {
    ...rest,
    get peerAddress() {
      return socket?.remoteAddress ?? "";
    },
    get certificate() {
      return certificateOf(socket);
    },
  };
}
