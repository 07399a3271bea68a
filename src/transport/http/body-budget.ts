import { subtract } from "./places.ts";

/** In bytes. */
interface BodyBounds {
  /** Limit for all incomplete bodies together, each without its first `maxSmallBodyBytes`. */
  readonly maxUnfinishedBytes: number;
  readonly maxUnfinishedBytesPerAddress: number;
  readonly maxUnfinishedBytesPerShare: number;
  /** The part of each body that does not count towards `maxUnfinishedBytes`. */
  readonly maxSmallBodyBytes: number;
}

/** The address and principal that a buffered body is charged to. */
export interface BodyOwner {
  readonly address: string;
  /** The principal; undefined without authentication. */
  readonly share: string | undefined;
}

/**
 * Limits the memory of incomplete bodies. Each body has its own limit, but a caller can begin many and complete none,
 * so there is also a limit per principal and per address. Small bodies count only towards these, so that the large
 * bodies of one caller do not block the small ones of others.
 */
export class BodyBudget {
  readonly #bounds: BodyBounds;
  readonly #byAddress = new Map<string, number>();
  readonly #byShare = new Map<string, number>();
  #large = 0;
  #charges: (() => void)[] = [];

  constructor(bounds: BodyBounds) {
    this.#bounds = bounds;
  }

  /**
   * Reserves `more` bytes for a body that holds `held` bytes; false when that exceeds a limit. All reserved bytes MUST
   * be released with `give` once the body is complete or abandoned.
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

  /** Runs `charge` once everything that has arrived by now was handled. */
  atEndOfTurn(charge: () => void): void {
    if (this.#charges.length === 0) {
      setImmediate(() => {
        const charges = this.#charges;
        this.#charges = [];
        for (const each of charges) {
          each();
        }
      });
    }
    this.#charges.push(charge);
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
