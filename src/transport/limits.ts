/** All limits of the port. Sizes in bytes, times in milliseconds. */
export interface Limits {
  /** Limit of one request message, before and after decompression, and of a JSON body. */
  readonly maxMessageBytes: number;
  /** Limit of the fields of one message, including the items of its lists, or of the values of one JSON body. */
  readonly maxMessageItems: number;
  /** Limit of a request message of a public service, which takes no token: health and reflection need little. */
  readonly maxPublicMessageBytes: number;
  /** Limit of all incomplete bodies of unary requests together, each without its first `maxSmallBodyBytes`. */
  readonly maxUnfinishedBytes: number;
  /** Limits of the incomplete bodies per address and per principal (`share`), with every byte counted. */
  readonly maxUnfinishedBytesPerAddress: number;
  readonly maxUnfinishedBytesPerShare: number;
  readonly maxSmallBodyBytes: number;
  /** Concurrent streams of public services. An address is an IPv4 address or the first 64 bits of an IPv6 one. */
  readonly maxPublicStreams: number;
  readonly maxPublicStreamsPerAddress: number;
  readonly maxPublicStreamsPerConnection: number;
  /** Limit of the request messages on one stream of a public service. */
  readonly maxPublicStreamMessages: number;
  readonly maxPublicStreamMs: number;
  /** Concurrent unary calls of public services. */
  readonly maxPublicCalls: number;
  readonly maxPublicCallsPerAddress: number;
  readonly maxPublicCallsPerConnection: number;
  readonly maxResponseBytes: number;
  /** Limit of all headers of one request together, decoded. */
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  /** Limit of an HTTP/1.1 request that is served without node:http, which serves all others; 0: none is. */
  readonly maxPlainRequestBytes: number;
  /** From the opening of a connection until its protocol is known. */
  readonly sniffTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** From the start of a request until its body is complete. */
  readonly requestTimeoutMs: number;
  /** Idle HTTP/1.1 connections are closed after this time. */
  readonly keepAliveTimeoutMs: number;
  /** From the start of a streaming call until its first message is complete. */
  readonly firstMessageTimeoutMs: number;
  /**
   * A response without progress for this time is aborted: the stream (HTTP/2) or the connection (HTTP/1.1) is closed.
   */
  readonly writeTimeoutMs: number;
  /** HTTP/2 sessions without a call in flight for this time are closed; PING frames do not count. */
  readonly sessionIdleTimeoutMs: number;
  /** Limit of a caller's deadline: a longer one is reduced to this for unary calls, and ignored for streams. */
  readonly maxTimeoutMs: number;
  /** From nine tenths of this number on, idle connections are closed, the longest idle first. */
  readonly maxConnections: number;
  readonly maxConcurrentStreams: number;
  /** Limit of the headers of all open streams of one HTTP/2 session together, decoded. */
  readonly maxSessionHeaderBytes: number;
  readonly sessionWindowBytes: number;
  readonly streamWindowBytes: number;
  /** Stream resets by the client beyond this burst and rate (per second) close the session (CVE-2023-44487). */
  readonly streamResetBurst: number;
  readonly streamResetRate: number;
}

export const defaultLimits: Limits = {
  maxMessageBytes: 1_048_576,
  maxMessageItems: 5_000,
  maxPublicMessageBytes: 4_096,
  maxUnfinishedBytes: 67_108_864,
  maxUnfinishedBytesPerAddress: 33_554_432,
  maxUnfinishedBytesPerShare: 8_388_608,
  maxSmallBodyBytes: 16_384,
  maxPublicStreams: 512,
  maxPublicStreamsPerAddress: 128,
  maxPublicStreamsPerConnection: 16,
  maxPublicStreamMessages: 256,
  maxPublicStreamMs: 3_600_000,
  maxPublicCalls: 1_024,
  maxPublicCallsPerAddress: 256,
  maxPublicCallsPerConnection: 128,
  maxResponseBytes: 8_388_608,
  maxHeaderBytes: 16_384,
  maxHeaders: 100,
  maxPlainRequestBytes: 65_536,
  sniffTimeoutMs: 10_000,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
  firstMessageTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  sessionIdleTimeoutMs: 300_000,
  maxTimeoutMs: 2_147_483_647,
  maxConnections: 10_000,
  maxConcurrentStreams: 1_024,
  maxSessionHeaderBytes: 4_194_304,
  sessionWindowBytes: 1_048_576,
  streamWindowBytes: 65_535,
  streamResetBurst: 1_000,
  streamResetRate: 100,
};
