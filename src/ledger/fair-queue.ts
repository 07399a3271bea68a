/** An entry of a `FairQueue`. The first three fields are the caller's; the queue owns the others. */
export interface Queued<T> {
  /** The principal whose turns and places it uses. Undefined: the server itself, which is not limited to a share. */
  readonly principal: string | undefined;
  /** The number of turns it uses. */
  readonly rows: number;
  /** The number of places it takes in the queue. */
  readonly places: number;
  lane: Lane<T> | undefined;
  before: T | undefined;
  after: T | undefined;
}

/** The waiting entries of one principal, in FIFO order. Lanes that are not empty form a ring. */
class Lane<T> {
  readonly principal: string | undefined;
  first: T | undefined;
  last: T | undefined;
  places = 0;
  /** Rows taken beyond its turn. It skips this many turns. */
  owed = 0;
  left: Lane<T> = this;
  right: Lane<T> = this;

  constructor(principal: string | undefined) {
    this.principal = principal;
  }
}

/** Above this number of lanes, an empty lane is deleted; below, it is reused by the next call of its principal. */
const maxLanes = 1_024;

/**
 * A round-robin queue: principals take turns, one row per turn, so that no principal waits behind the backlog of
 * another. The cost of an operation does not depend on the number of entries.
 *
 * A principal may hold at most as many places as are left free. A single principal gets half of them, the next one half
 * of the rest, and n active principals converge to 1/(n+1) each. So there is always room for another principal.
 */
export class FairQueue<T extends Queued<T>> {
  readonly #maxPlaces: number;
  readonly #lanes = new Map<string | undefined, Lane<T>>();
  #places = 0;
  #turn: Lane<T> | undefined;

  constructor(maxPlaces: number) {
    this.#maxPlaces = maxPlaces;
  }

  get isEmpty(): boolean {
    return this.#turn === undefined;
  }

  /** The number of lanes: all principals with waiting entries, and some without. */
  get knownPrincipals(): number {
    return this.#lanes.size;
  }

  /** Returns whether there was room. An empty queue accepts any entry. */
  add(entry: T): boolean {
    const lane = this.#laneOf(entry.principal);
    const free = this.#maxPlaces - this.#places - entry.places;
    const isShared = entry.principal !== undefined && lane.places > 0;
    if (this.#places > 0 && (isShared ? lane.places + entry.places > free : free < 0)) {
      this.#forgetOneOfMany(lane);
      return false;
    }
    entry.before = lane.last;
    if (lane.last === undefined) {
      lane.first = entry;
    } else {
      lane.last.after = entry;
    }
    lane.last = entry;
    this.#enter(lane, entry);
    return true;
  }

  /** The next entry in turn, without removing it. */
  peek(): T | undefined {
    let lane = this.#turn;
    if (lane === undefined) {
      return undefined;
    }
    while (lane.owed > 0 && lane.right !== lane) {
      lane.owed -= 1;
      lane = lane.right;
    }
    this.#turn = lane;
    return lane.first;
  }

  /** Removes and returns the next entry in turn. */
  take(): T | undefined {
    const entry = this.peek();
    const lane = entry?.lane;
    if (entry !== undefined && lane !== undefined) {
      lane.owed = entry.rows - 1;
      this.#turn = lane.right;
      this.remove(entry);
    }
    return entry;
  }

  /** Removes an entry. Returns whether it was still in the queue. */
  remove(entry: T): boolean {
    const { lane, before, after } = entry;
    if (lane === undefined) {
      return false;
    }
    if (before === undefined) {
      lane.first = after;
    } else {
      before.after = after;
    }
    if (after === undefined) {
      lane.last = before;
    } else {
      after.before = before;
    }
    entry.lane = entry.before = entry.after = undefined;
    lane.places -= entry.places;
    this.#places -= entry.places;
    if (lane.first === undefined) {
      this.#park(lane);
    }
    return true;
  }

  /** Puts a taken entry back at the head of its lane, and does not check for room. */
  putBack(entry: T): void {
    const lane = this.#laneOf(entry.principal);
    entry.after = lane.first;
    if (lane.first === undefined) {
      lane.last = entry;
    } else {
      lane.first.before = entry;
    }
    lane.first = entry;
    this.#enter(lane, entry);
    lane.owed = 0;
    this.#turn = lane;
  }

  #laneOf(principal: string | undefined): Lane<T> {
    const known = this.#lanes.get(principal);
    if (known !== undefined) {
      return known;
    }
    const lane = new Lane<T>(principal);
    this.#lanes.set(principal, lane);
    return lane;
  }

  /** Counts an entry added to its lane. A lane that was empty joins the ring as the last one. */
  #enter(lane: Lane<T>, entry: T): void {
    entry.lane = lane;
    this.#places += entry.places;
    lane.places += entry.places;
    if (lane.first !== lane.last) {
      return;
    }
    lane.owed = 0;
    const next = this.#turn;
    if (next === undefined) {
      this.#turn = lane;
      return;
    }
    lane.left = next.left;
    lane.right = next;
    next.left.right = lane;
    next.left = lane;
  }

  #park(lane: Lane<T>): void {
    if (this.#turn === lane) {
      this.#turn = lane.right === lane ? undefined : lane.right;
    }
    lane.left.right = lane.right;
    lane.right.left = lane.left;
    lane.left = lane.right = lane;
    this.#forgetOneOfMany(lane);
  }

  #forgetOneOfMany(lane: Lane<T>): void {
    if (lane.first === undefined && this.#lanes.size > maxLanes) {
      this.#lanes.delete(lane.principal);
    }
  }
}
