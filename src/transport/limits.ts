/** Every bound that the port sets. Sizes in bytes, times in milliseconds. */
export interface Limits {
  /** Of one request message, before and after decompression, and of a JSON body. */
  readonly maxMessageBytes: number;
  /** Fields of one message, all of its lists included, or values of one JSON body. */
  readonly maxMessageItems: number;
  /** In bytes, for public services, whose callers show no token: health and reflection need little. */
  readonly maxPublicMessageBytes: number;
  /** Of all unary requests whose body has begun and is not complete, each without its first `maxSmallBodyBytes`. */
  readonly maxUnfinishedBytes: number;
  /** The same of one address, and of one principal, from the first byte on. */
  readonly maxUnfinishedBytesPerAddress: number;
  readonly maxUnfinishedBytesPerShare: number;
  readonly maxSmallBodyBytes: number;
  /** Streams of public services at once: together, from one address (of IPv6: 64 bits of it), on one connection. */
  readonly maxPublicStreams: number;
  readonly maxPublicStreamsPerAddress: number;
  readonly maxPublicStreamsPerConnection: number;
  /** How many messages a stream of a public service takes, and how long it lasts. */
  readonly maxPublicStreamMessages: number;
  readonly maxPublicStreamMs: number;
  /** Unary calls of public services at once, likewise. */
  readonly maxPublicCalls: number;
  readonly maxPublicCallsPerAddress: number;
  readonly maxPublicCallsPerConnection: number;
  readonly maxResponseBytes: number;
  /** All headers of one request together, decoded. */
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  /** From the opening of a connection until it says which protocol it speaks. */
  readonly sniffTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** From the beginning of a request until its body is complete. */
  readonly requestTimeoutMs: number;
  /** Idle HTTP/1.1 connections are closed after this time. */
  readonly keepAliveTimeoutMs: number;
  /** The longest deadline that a caller may name; a longer one counts as this. */
  readonly maxTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxConcurrentStreams: number;
  /** Memory of one HTTP/2 session, in megabytes. */
  readonly maxSessionMemoryMb: number;
  readonly sessionWindowBytes: number;
  readonly streamWindowBytes: number;
  /** Resets by the client beyond this burst and rate (per second) end the session (CVE-2023-44487). */
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
  sniffTimeoutMs: 10_000,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
  maxTimeoutMs: 2_147_483_647,
  maxConnections: 10_000,
  maxConcurrentStreams: 1_024,
  maxSessionMemoryMb: 32,
  sessionWindowBytes: 1_048_576,
  streamWindowBytes: 65_535,
  streamResetBurst: 1_000,
  streamResetRate: 100,
};
