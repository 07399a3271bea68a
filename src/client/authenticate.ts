import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { isTokenFile, type TokenSource, takeToken } from "./token.ts";

/** Puts the token into each call. One that lies in a file may have been renewed just now: it is read once more. */
export function authenticateWith(source: TokenSource): Interceptor {
  return (next) => async (request) => {
    const token = await takeToken(source);
    request.header.set("authorization", `Bearer ${token}`);
    try {
      return await next(request);
    } catch (error) {
      if (request.stream || !isTokenFile(source) || ConnectError.from(error).code !== Code.Unauthenticated) {
        throw error;
      }
      const renewed = await takeToken(source, true);
      if (renewed === token) {
        throw error;
      }
      request.header.set("authorization", `Bearer ${renewed}`);
      return await next(request);
    }
  };
}
