/** What one load asks of a server, and for how long. It is one line of JSON on the generator's standard input. */
export interface Load {
  readonly wire: "http1" | "http2";
  /** Servers on 127.0.0.1; connections are spread over them. */
  readonly ports: readonly number[];
  readonly method: "GET" | "POST" | "PUT";
  /** The same for every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Taken in a random order that is the same in every run. Over HTTP/2 all have one path. */
  readonly requests: readonly LoadRequest[];
  /** An answer with fewer bytes of body is a failure. */
  readonly leastAnswerBytes: number;
  /** Calls that are under way at any time: each answer sends the next one. */
  readonly inFlight: number;
  /** What comes before anything counts. */
  readonly warmUp: WarmUp;
  readonly seconds: number;
  /** Processes whose CPU time is wanted. */
  readonly pids: readonly number[];
}

/** So long at least, and until there were so many answers, but no longer than four times as long. */
export interface WarmUp {
  readonly seconds: number;
  readonly calls: number;
}

export interface LoadRequest {
  readonly path: string;
  /** In base64; empty for none. */
  readonly body: string;
}

/** What came of a load. It is one line of JSON on the generator's standard output. */
export interface Outcome {
  /** Answered as they should be, within the measured time. */
  readonly calls: number;
  /** Everything else, at any time. */
  readonly failed: number;
  readonly firstFailure: string | null;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time for each call, microseconds: of each of `pids`, and of the generator itself. */
  readonly cpuUs: readonly number[];
  readonly ownCpuUs: number;
}

/** Connections of HTTP/2 for so many calls in flight. HTTP/1.1 takes one for each. */
export function http2Connections(inFlight: number): number {
  return Math.min(4, inFlight);
}
