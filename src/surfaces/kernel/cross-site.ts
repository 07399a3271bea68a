import type { CallHeader, CallOrigin } from "../../transport/index.ts";

/** Media types that the API accepts and an HTML form cannot send. */
const apiBody = /^application\/(json|proto|grpc(-web)?(\+(json|proto))?)\s*(;|$)/i;

/**
 * Whether the call may be a cross-site request, for which a cookie proves nothing. Browsers send `Origin` or
 * `Sec-Fetch-Site`; a call with neither must have no body, or one of a media type that an HTML form cannot send.
 */
export function isCrossSite({ httpMethod, header, origin }: CallOrigin): boolean {
  if (httpMethod === "GET" || httpMethod === "HEAD") {
    return false;
  }
  const origins = header.all("origin");
  const sites = header.all("sec-fetch-site");
  if (origins.length === 0 && sites.length === 0) {
    return !hasHarmlessBody(header);
  }
  const ours = URL.parse(origin)?.origin;
  return !(origins.every((one) => one === ours) && sites.every((one) => one === "same-origin"));
}

function hasHarmlessBody(header: Pick<CallHeader, "all">): boolean {
  const types = header.all("content-type");
  if (types.length > 0) {
    return types.every((type) => apiBody.test(type));
  }
  const hasBody =
    header.all("transfer-encoding").length > 0 || header.all("content-length").some((size) => size !== "0");
  return !hasBody;
}
