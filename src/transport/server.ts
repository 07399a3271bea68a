import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createRegistry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createDispatcher } from "./dispatch.ts";
import { compileMethods } from "./framings/methods.ts";
import { compileStreams } from "./framings/streams.ts";
import { guardTranslate, type UnaryRuntime } from "./framings/unary.ts";
import { bindHealth } from "./health.ts";
import { BodyBudget } from "./http/body-budget.ts";
import { closeListener } from "./http/closing.ts";
import { faultReporter } from "./http/faults.ts";
import { createListener, type Tls } from "./http/listener.ts";
import { Places, publicCallBounds, publicStreamBounds } from "./http/places.ts";
import { serveRequests } from "./http/requests.ts";
import { compileSurface } from "./json/surface.ts";
import { defaultLimits } from "./limits.ts";
import type { ServerOptions } from "./options.ts";
import { compilePages, probePages } from "./pages.ts";
import { bindReflection, filesOf } from "./reflection.ts";

/** A listen address. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** One port that serves gRPC, gRPC-Web, Connect and JSON over HTTP, in plaintext or with TLS. */
export interface ZscServer {
  /** Starts to listen; port 0 selects a free one. Rejects when the address is not available. */
  listen(address: Address): Promise<Address>;
  /**
   * Accepts no more connections and calls, lets calls in flight finish for `graceMs`, then closes every connection.
   * Resolves when the last connection is closed. Idempotent.
   */
  close(graceMs: number): Promise<void>;
  /**
   * Sets another certificate and key, in PEM, for new connections; open ones keep theirs.
   *
   * @throws Error when they are unusable, or the port serves plaintext; nothing changes then
   */
  setTls(tls: Tls): void;
}

/** Compiles services, surfaces and routes. Throws when they are inconsistent. Opens no port. */
export function createServer(options: ServerOptions): ZscServer {
  const limits = { ...defaultLimits, ...options.limits };
  const { admit, check, onCall, shareOf, interceptors = [] } = options;
  const translate = guardTranslate(options.translate);
  const publicCalls = new Places(publicCallBounds(limits));
  const runtime: UnaryRuntime = { limits, admit, check, onCall, shareOf, translate, publicCalls };
  const report = faultReporter(options.onFault);
  const closing = new AbortController();

  const health = bindHealth(
    options.health,
    options.services.map(({ service }) => service.typeName),
  );
  const own = [health, ...bindReflection([...options.services, health])];
  for (const { service, public: isPublic } of [...options.services, ...own]) {
    for (const method of service.methods) {
      options.approve?.(method, isPublic);
    }
  }
  const registry = createRegistry(...filesOf([...options.services, ...own]));
  const bounds = { limits, sizes: options.sizes };
  const methods = compileMethods(options.services, interceptors, registry, bounds);
  const surfaces = (options.jsonSurfaces ?? []).map((one) =>
    compileSurface(one, [...methods.values()], registry, runtime, options.sizes),
  );
  const streamOptions = {
    runtime,
    registry,
    allowJson: options.jsonStreams === true,
    publicStreams: new Places(publicStreamBounds(limits)),
    closing: closing.signal,
    report,
  };
  const streams = new Map([
    ...compileStreams(options.services, { ...streamOptions, interceptors }),
    ...compileStreams(own, { ...streamOptions, interceptors: [] }),
  ]);
  const dispatch = createDispatcher({
    runtime,
    methods: new Map([...methods, ...compileMethods(own, [], registry, bounds)]),
    streams,
    surfaces,
    pages: compilePages([...probePages(options.health), ...(options.pages ?? [])], publicCalls),
  });

  const listener = createListener(limits, options.tls, report);
  const budget = new BodyBudget(limits);
  const isDraining = () => closing.signal.aborted;
  serveRequests(listener, { dispatch, isDraining, budget, limits, report });
  let end: Promise<void> | undefined;
  return {
    async listen({ host, port }) {
      listener.http1.listen({ host, port });
      await once(listener.http1, "listening");
      const address = listener.http1.address() as AddressInfo;
      return { host, port: address.port };
    },
    close(graceMs) {
      closing.abort(new ConnectError("the server is shutting down", Code.Unavailable));
      end ??= closeListener(listener, graceMs);
      return end;
    },
    setTls: (tls) => listener.setTls(tls),
  };
}
