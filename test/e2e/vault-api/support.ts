import { type DatabaseKind, openVault, type Vault } from "../support/vault.ts";
import { runZsc } from "../support/zsc-process.ts";

/** An answer of `/v1`. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined for an empty body. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what tests are about
  readonly body: any;
}

export interface Asking {
  readonly body?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly port?: number;
}

/** Somebody with a personal key, or a token. */
export interface Person {
  readonly id: string;
  readonly key: string;
  ask(method: string, path: string, asking?: Asking): Promise<Answer>;
}

/** A server of `/v1` with its owner. */
export interface Api {
  readonly vault: Vault;
  readonly ann: Person;
  person(email: string, ...args: readonly string[]): Promise<Person>;
  as(id: string, credential: string): Person;
  /** Without any Authorization. */
  ask(method: string, path: string, asking?: Asking): Promise<Answer>;
}

export async function openApi(database: DatabaseKind, env: Readonly<Record<string, string>> = {}): Promise<Api> {
  const settings = { ZSC_RATE_LIMIT: "off", ZSC_AUTH_RATE_LIMIT: "off", ...env };
  const vault = await openVault({ database, env: settings });
  const send = async (method: string, path: string, asking: Asking = {}): Promise<Answer> => {
    const { body, text = body === undefined ? undefined : JSON.stringify(body), headers, port = vault.port } = asking;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(text === undefined ? {} : { body: text }),
    });
    const got = await answer.text();
    return { status: answer.status, headers: answer.headers, body: got === "" ? undefined : JSON.parse(got) };
  };
  const as = (id: string, credential: string): Person => ({
    id,
    key: credential,
    ask: (method, path, asking = {}) =>
      send(method, path, { ...asking, headers: { authorization: `Bearer ${credential}`, ...asking.headers } }),
  });
  const person = async (email: string, ...args: readonly string[]) => {
    const made = await runZsc(["user", "create", email, "--json", ...args], vault.env);
    if (made.code !== 0) {
      throw new Error(made.stderr);
    }
    const { id, api_key: key } = JSON.parse(made.stdout);
    return as(id, key);
  };
  return { vault, ann: await person("Ann@Example.com", "--owner"), person, as, ask: send };
}

/** A new vault of somebody, and the base of its routes. */
export async function newVault(owner: Person, name: string): Promise<{ readonly id: string; readonly base: string }> {
  const { status, body } = await owner.ask("POST", "/v1/vaults", { body: { name, description: "" } });
  if (status !== 201) {
    throw new Error(`a vault was answered with ${status}: ${JSON.stringify(body)}`);
  }
  return { id: body.id, base: `/v1/vaults/${body.id}` };
}

/** The four keys of every error, and the status once more. */
export function problem(status: number, title: string, detail: unknown = expect.any(String), type = "about:blank") {
  return { status, body: { type, title, status, detail } };
}

export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$/;
