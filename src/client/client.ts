import { createGrpcTransport } from "@connectrpc/connect-node";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { authenticateWith } from "./authenticate.ts";
import { createService } from "./create-service.ts";
import { settingsOf, type ZscClientOptions } from "./options.ts";
import { type Asking, createReading, type SecretOrError, type SecretRead, valuesOf } from "./reading.ts";
import { hideIn, printAs, shownOf } from "./redaction.ts";
import { retryWith } from "./retry.ts";
import type { Service } from "./service.ts";
import { createSessions } from "./sessions.ts";
import { quoteNothing } from "./unsendable.ts";

/** An answer to 100 names can hold 6.6 MB. */
const maxAnswerBytes = 8_388_608;

/**
 * What goes with a read.
 *
 * @example
 *     const options: ReadOptions = { purpose: "connect", signal: AbortSignal.timeout(500) };
 */
export interface ReadOptions {
  /** Kept in the audit row; `read` unless given. */
  readonly purpose?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The ZID on whose behalf a token of the role `system` reads. Anyone else who names one is refused. */
  readonly onBehalfOf?: string | undefined;
}

/**
 * A client of one vault.
 *
 * When the vault has no secret of a name, each read falls through to the caller's own `env[name]`, unless `fallThrough` is
 * false. A refusal or a vault that cannot be reached is an error, and never falls through.
 *
 * @example
 *     const start = async (vault: ZscClient) => connect({ password: await vault.read("db-password") });
 */
export interface ZscClient {
  /**
   * Reads one value.
   *
   * @throws ZscError `NOT_FOUND` when neither vault nor environment has it; otherwise as `ZeqContext.Read`
   * @example
   *     const password = await vault.read("db-password", { purpose: "connect" });
   */
  read(name: string, options?: ReadOptions): Promise<string>;

  /**
   * Reads one value, with where it comes from and the row that records the read.
   *
   * @throws ZscError as `read`
   * @example
   *     const { value, source, receipt } = await vault.readSecret("db-password");
   */
  readSecret(name: string, options?: ReadOptions): Promise<SecretRead>;

  /**
   * Reads any number of names, 100 in a call, each name once. Never rejects: a call that fails is the error of each of its
   * names.
   *
   * @example
   *     for (const [name, { value, error }] of await vault.readMany(["db-password", "api-key"])) {
   *       console.log(name, error?.code ?? value?.length);
   *     }
   */
  readMany(names: readonly string[], options?: ReadOptions): Promise<Map<string, SecretOrError>>;

  /**
   * Reads all of these names, or none.
   *
   * @throws ZscError whose `failures` and message name all that could not be read; its code is that of the first one, and
   * NOT_FOUND only if every one is
   * @example
   *     const { user, password } = await vault.readAll(["user", "password"]);
   */
  readAll<Name extends string>(names: readonly Name[], options?: ReadOptions): Promise<Record<Name, string>>;

  /**
   * The typed services, for everything beyond reads. They fail with `ZscError` as well.
   *
   * @example
   *     await vault.admin.grant({ name: "db-password", zid: "ZEQ-APP" });
   */
  readonly context: Service<typeof ZeqContext>;
  readonly admin: Service<typeof ZscAdmin>;

  /**
   * Ends the connection, for a process that goes on without it: an idle one keeps no process alive, and ends by itself. To a
   * call under way it is a lost connection; a later call opens another one.
   *
   * @example
   *     vault.close();
   */
  close(): void;
}

/**
 * A client over gRPC. A read that the vault cannot answer, and any call that it has not looked at, is made again within
 * `timeoutMs`: at most three times, after pauses. A connection whose peer has gone without a word is found out while a call
 * waits, within its time. Nothing is cached. What prints the client, its options or its errors prints no token and no value.
 *
 * @throws TypeError when an option is wrong
 * @example
 *     const vault = createZscClient({ baseUrl: "https://vault.internal:7777", token: () => currentToken() });
 *     const password = await vault.read("db-password", { purpose: "connect" });
 */
export function createZscClient(options: ZscClientOptions): ZscClient {
  const settings = settingsOf(options);
  const sessions = createSessions(settings);
  const transport = createGrpcTransport({
    baseUrl: settings.baseUrl,
    interceptors: [quoteNothing, authenticateWith(settings.token), retryWith(settings.retry)],
    defaultTimeoutMs: settings.timeoutMs,
    readMaxBytes: maxAnswerBytes,
    sessionManager: sessions,
  });
  const context = createService(ZeqContext, transport);
  const reading = createReading(context, settings);
  const shown = shownOf(settings);
  hideIn(options, shown);
  const client: ZscClient = {
    context,
    admin: createService(ZscAdmin, transport),
    read: async (name, given) => (await reading.one(name, askingOf(given))).value,
    readSecret: (name, given) => reading.one(name, askingOf(given)),
    readMany: (names, given) => reading.many(names, askingOf(given)),
    readAll: async (names, given) => valuesOf(await reading.many(names, askingOf(given))),
    close: () => sessions.abort(),
  };
  return printAs(client, shown);
}

function askingOf({ purpose, signal, onBehalfOf }: ReadOptions = {}): Asking {
  return {
    fields: {
      ...(purpose === undefined ? {} : { purpose }),
      ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    },
    call: signal === undefined ? {} : { signal },
  };
}
