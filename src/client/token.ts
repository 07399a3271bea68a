import { readFile, stat } from "node:fs/promises";
import { ZscError } from "./error.ts";

/**
 * A token that lies in a file. What is in it prints nowhere.
 *
 * @example
 *     const token: TokenFile = tokenFromFile("/var/run/secrets/zsc/token");
 */
export interface TokenFile {
  readonly path: string;
  /**
   * The token as the file has it. It is read again when the file has changed, or when `anew` says so.
   *
   * @throws ZscError `UNAUTHENTICATED` when the file cannot be read
   */
  token(anew?: boolean): Promise<string>;
}

/**
 * The token as text; as a function, asked for each call; or as `tokenFromFile(path)`.
 *
 * @example
 *     const token: TokenSource = async () => (await session.current()).token;
 */
export type TokenSource = string | (() => string | Promise<string>) | TokenFile;

/**
 * A token that something else renews in a file, as Kubernetes does. It is read when it is first needed, again when the file
 * has changed, and once more when the vault says UNAUTHENTICATED. One line break at its end is dropped.
 *
 * @example
 *     const vault = createZscClient({
 *       baseUrl: "https://vault.internal:7777",
 *       token: tokenFromFile("/var/run/secrets/zsc/token"),
 *     });
 */
export function tokenFromFile(path: string): TokenFile {
  let known: { readonly mark: string; readonly text: string } | undefined;
  return {
    path,
    async token(anew = false) {
      try {
        const { mtimeNs, size, ino } = await stat(path, { bigint: true });
        const mark = `${mtimeNs} ${size} ${ino}`;
        if (anew || known?.mark !== mark) {
          known = { mark, text: (await readFile(path, "utf8")).replace(/\r?\n$/, "") };
        }
        return known.text;
      } catch (error) {
        const code = (error as { readonly code?: unknown }).code;
        throw new ZscError("UNAUTHENTICATED", `the token file ${path} cannot be read (${String(code ?? "unknown")})`);
      }
    },
  };
}

/** The token for one call. @throws ZscError `UNAUTHENTICATED` when there is none that could be sent */
export async function takeToken(source: TokenSource, anew = false): Promise<string> {
  if (typeof source === "string") {
    return checkToken(source);
  }
  if (isTokenFile(source)) {
    return checkToken(await source.token(anew));
  }
  return checkToken(typeof source === "function" ? await ask(source) : source);
}

/** Whether there may be another token than the one that was refused. */
export function isTokenFile(source: TokenSource): source is TokenFile {
  return typeof source === "object" && source !== null && typeof source.token === "function";
}

/** What such a function fails with may quote the token: a parser quotes what it cannot parse. */
async function ask(source: () => string | Promise<string>): Promise<string> {
  try {
    return await source();
  } catch (error) {
    if (error instanceof ZscError) {
      throw error;
    }
    const name = error instanceof Error ? error.name : typeof error;
    throw new ZscError("UNAUTHENTICATED", `the function that gives the token has failed (${name})`);
  }
}

/** As RFC 6750 §2.1 has it. What is none would be quoted by the error of a header that does not take it. */
const bearerToken = /^[\w.~+/-]+=*$/;

function checkToken(token: unknown): string {
  if (typeof token === "string" && bearerToken.test(token)) {
    return token;
  }
  const what = typeof token === "string" ? "holds a character that no token has, such as a line break" : "is no text";
  throw new ZscError("UNAUTHENTICATED", token === "" ? "the token is empty" : `the token ${what}`);
}
