/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** From 0 to `below` - 1. */
  int(below: number): number;
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T;
  bytes(count: number): Buffer;
}

/** One source for each case, so that a case can be played alone: by the run's seed and the case's number. */
export function createRandom(seed: number, caseNumber: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(caseNumber + 1, 0x85ebca6b)) >>> 0;
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (below: number) => Math.floor(next() * below);
  return {
    int,
    chance: (share) => next() < share,
    pick: <T>(from: readonly T[]) => from[int(from.length)] as T,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => int(256))),
  };
}

/** Flips, cuts, doubles and inserts a few bytes. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  for (let count = 1 + random.int(4); count > 0; count--) {
    const at = random.int(mutated.length + 1);
    const rest = mutated.subarray(Math.min(mutated.length, at + random.int(8)));
    const head = mutated.subarray(0, at);
    const between = random.pick([
      () => Buffer.alloc(0),
      () => random.bytes(1 + random.int(8)),
      () => Buffer.from(random.pick(["\r\n", "\0", "\n", "\r", " ", ":", "0\r\n\r\n", "\xff", "%", "{", '"'])),
      () => mutated.subarray(at, at + random.int(64)),
    ])();
    mutated = Buffer.concat([head, between, rest]);
  }
  return mutated;
}
