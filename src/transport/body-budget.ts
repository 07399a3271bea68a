import { subtract } from "./places.ts";

/** In bytes. */
export interface BodyBounds {
  /** Of all bodies together, each without its first `maxSmallBodyBytes`. */
  readonly maxUnfinishedBytes: number;
  readonly maxUnfinishedBytesPerAddress: number;
  readonly maxUnfinishedBytesPerShare: number;
  /** What any body may hold, however much the bodies of others hold. */
  readonly maxSmallBodyBytes: number;
}

/** On whose account a body is held. */
export interface BodyOwner {
  readonly address: string;
  /** The principal, as far as there is one. */
  readonly share: string | undefined;
}

/**
 * What the bodies under way may hold. Each has its own limit, but a caller can begin many and end none: he has a share,
 * and so has an address. Small bodies count in these alone, so that nobody's large ones are in the way of them.
 */
export class BodyBudget {
  readonly #bounds: BodyBounds;
  readonly #byAddress = new Map<string, number>();
  readonly #byShare = new Map<string, number>();
  #large = 0;

  constructor(bounds: BodyBounds) {
    this.#bounds = bounds;
  }

  /**
   * Whether a body that holds `held` bytes may hold `more`. What was taken MUST be given back, with `give`, once the body
   * is complete or given up.
   */
  take({ address, share }: BodyOwner, held: number, more: number): boolean {
    const { maxUnfinishedBytes, maxUnfinishedBytesPerAddress, maxUnfinishedBytesPerShare } = this.#bounds;
    const ofAddress = (this.#byAddress.get(address) ?? 0) + more;
    const ofShare = share === undefined ? 0 : (this.#byShare.get(share) ?? 0) + more;
    const large = this.#large + this.#largePart(held + more) - this.#largePart(held);
    if (
      large > maxUnfinishedBytes ||
      ofAddress > maxUnfinishedBytesPerAddress ||
      ofShare > maxUnfinishedBytesPerShare
    ) {
      return false;
    }
    this.#large = large;
    this.#byAddress.set(address, ofAddress);
    if (share !== undefined) {
      this.#byShare.set(share, ofShare);
    }
    return true;
  }

  give({ address, share }: BodyOwner, held: number): void {
    this.#large -= this.#largePart(held);
    subtract(this.#byAddress, address, held);
    if (share !== undefined) {
      subtract(this.#byShare, share, held);
    }
  }

  #largePart(bytes: number): number {
    return Math.max(0, bytes - this.#bounds.maxSmallBodyBytes);
  }
}
