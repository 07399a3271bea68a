import { type Call, echoCall, echoJson } from "../calls.ts";
import { type EchoKind, echoTitles } from "../echo-kinds.ts";
import { type Contender, loadOf, measureInTurn, of } from "../measure.ts";
import { onScene } from "../scene.ts";
import { crowdsOf, type Section } from "./section.ts";

interface Bare {
  readonly id: string;
  readonly kind: EchoKind;
  readonly how: string;
  readonly call: Call;
  /** Ids of yardsticks, and what they are called. */
  readonly against?: Readonly<Record<string, string>>;
}

const bareCalls: readonly Bare[] = [
  {
    id: "fast-grpc",
    kind: "fast",
    how: "gRPC",
    call: echoCall("grpc"),
    against: { "stock-grpc": "of stock Connect's", http2: "of node:http2's" },
  },
  { id: "fast-connect-http2", kind: "fast", how: "Connect over HTTP/2", call: echoCall("connect-http2") },
  {
    id: "fast-connect-http1",
    kind: "fast",
    how: "Connect over HTTP/1.1",
    call: echoCall("connect-http1"),
    against: { "stock-connect-http1": "of stock Connect's", http: "of node:http's" },
  },
  { id: "fast-json", kind: "fast", how: "JSON over HTTP/1.1", call: echoJson(), against: { http: "of node:http's" } },
  { id: "stock-grpc", kind: "stock", how: "gRPC", call: echoCall("grpc") },
  { id: "stock-connect-http1", kind: "stock-http1", how: "Connect over HTTP/1.1", call: echoCall("connect-http1") },
  { id: "http2", kind: "http2", how: "bytes", call: echoCall("grpc") },
  { id: "http", kind: "http", how: "bytes", call: echoJson() },
  { id: "grpc-js", kind: "grpc-js", how: "gRPC", call: echoCall("grpc") },
];

export const echoSection: Section = {
  name: "echo",
  title: "The bare call",
  about:
    "A unary call that says 100 bytes back: no token, no log, no database. " +
    "Ours is the transport of the vault, the others are what it is measured against.",
  unit: "calls/s",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const contenders: Contender[] = [];
      for (const inFlight of crowdsOf(stage.options)) {
        for (const { id, kind, how, call, against = {} } of bareCalls) {
          contenders.push(
            loadOf(stage, {
              id: `echo/${id}/${inFlight}`,
              what: `${echoTitles[kind]}, ${how}`,
              inFlight,
              call,
              target: await scene.echo(kind),
              against: Object.entries(against).map(([other, as]) => of(`echo/${other}/${inFlight}`, as)),
            }),
          );
        }
      }
      return await measureInTurn(stage, contenders);
    }),
};
