import type { Settings, ZscClientOptions } from "./options.ts";

const inspectCustom = Symbol.for("nodejs.util.inspect.custom");
const redacted = "[redacted]";

/** Whatever prints `target`, by `console.log`, `util.inspect` or `JSON.stringify`, prints `shown` in its place. */
export function printAs<T extends object>(target: T, shown: object): T {
  if (Object.isExtensible(target)) {
    for (const key of ["toJSON", inspectCustom]) {
      Object.defineProperty(target, key, { value: () => shown, configurable: true });
    }
  }
  return target;
}

/** What may be seen of a client: no token, no key, and nothing of its environment. */
export function shownOf({ baseUrl, token, timeoutMs, fallThrough, tls, retry }: Settings): object {
  const shownToken = typeof token === "object" && token !== null ? `in ${token.path}` : redacted;
  return {
    ...{ baseUrl, timeoutMs, fallThrough, retry },
    token: shownToken,
    tls: tls.key === undefined ? tls : { ...tls, key: redacted },
  };
}

/** The caller's own object holds the token: what logs it prints it no more. A frozen one stays as it is. */
export function hideIn(options: ZscClientOptions, shown: object): void {
  printAs(options, shown);
  if (options.tls !== undefined) {
    printAs(options.tls, { ...options.tls, ...(options.tls.key === undefined ? {} : { key: redacted }) });
  }
}
