import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { CallOptions } from "@connectrpc/connect";
import { errorCode } from "../../base/index.ts";
import type { TokenSource, ZscClient } from "../../client/index.ts";
import { type CliFailure, cannotRead, interrupted, usage } from "../failure.ts";
import { failureOfCall, isSurelyUndone } from "./call-failure.ts";
import type { ChosenVault } from "./choose.ts";
import { tryParseCertificates } from "./pem.ts";

interface ConnectionOptions {
  readonly timeoutMs?: number;
  /** Told of each call, in a line. */
  onCall?(line: string): void;
  /** Cancels its calls. */
  readonly signal?: AbortSignal;
}

/** An answer with the row of the log that vouches for it: `<seq>.<row_hash>`. */
interface Answered<T> {
  readonly answer: T;
  readonly receipt: string | undefined;
}

/** A vault within reach of a command. */
export interface Connection {
  /**
   * One call. `work` passes the options on.
   *
   * @throws CliFailure
   */
  call<T>(title: string, work: (client: ZscClient, options: CallOptions) => Promise<T>): Promise<Answered<T>>;
  /** Ends it: nothing of a command is left behind in a process that goes on. */
  close(): void;
}

/** The libraries load with the first call: help must not wait for them. */
export function connectTo(vault: ChosenVault, token: TokenSource, settings: ConnectionOptions = {}): Connection {
  const { timeoutMs, onCall, signal } = settings;
  const ca = vault.caFile === undefined ? undefined : readAuthorities(vault.caFile);
  let client: Promise<ZscClient> | undefined;
  const open = async (): Promise<ZscClient> => {
    const { createZscClient } = await import("../../client/index.ts");
    return createZscClient({
      baseUrl: vault.url,
      token,
      env: {},
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(ca === undefined ? {} : { tls: { ca } }),
    });
  };
  return {
    async call(title, work) {
      client ??= open();
      const startedMs = performance.now();
      let receipt: string | undefined;
      const requestId = randomUUID();
      const onHeader = (headers: Headers) => {
        receipt = headers.get("zsc-receipt") ?? undefined;
      };
      const tell = (status: string) => {
        const ms = Math.round(performance.now() - startedMs);
        onCall?.(`${title}: ${[status, requestId, `${ms} ms`].join(", ")}`);
      };
      try {
        const headers = { "x-request-id": requestId };
        const answer = await work(await client, { headers, onHeader, ...(signal === undefined ? {} : { signal }) });
        tell("OK");
        return { answer, receipt };
      } catch (error) {
        const known = signal?.aborted === true ? interrupted() : failureOfCall(error, vault.url);
        const failure = changes.has(title) && mayBeLost(known, error) ? inDoubt(known) : known;
        tell(failure.code ?? failure.kind);
        throw failure;
      }
    },
    close() {
      client?.then(
        (opened) => opened.close(),
        () => undefined,
      );
    },
  };
}

const changes: ReadonlySet<string> = new Set(["Set", "Rotate", "Grant", "Revoke", "Delete"]);

/** Whether the call may have been carried out all the same: there is no answer, and it may have been sent. */
function mayBeLost({ kind }: CliFailure, error: unknown): boolean {
  return kind === "interrupted" || (kind === "no_answer" && !isSurelyUndone(error));
}

function inDoubt(failure: CliFailure): CliFailure {
  return failure.with({ message: `${failure.message}: it may have happened`, mayHaveHappened: true });
}

const authoritiesAdvice = "a file of certificates in PEM, of the authorities that vouch for the vault";

/** @throws CliFailure that names the file */
export function readAuthorities(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw cannotRead(`the CA file ${path}`, errorCode(error));
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw usage(`${path} holds no certificate in PEM`, authoritiesAdvice);
  }
  if (tryParseCertificates(text) === null) {
    throw usage(`${path} holds a certificate that is damaged`, authoritiesAdvice);
  }
  return text;
}
