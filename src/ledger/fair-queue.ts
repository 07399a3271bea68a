/** What waits in a `FairQueue`. All but the first three fields are the queue's own. */
export interface Queued<T> {
  /** Who waits: turns and places are shared out by it. Undefined: the server itself, which has no share to keep to. */
  readonly principal: string | undefined;
  /** What one turn is measured in. */
  readonly rows: number;
  /** What it takes of the queue. */
  readonly places: number;
  lane: Lane<T> | undefined;
  before: T | undefined;
  after: T | undefined;
}

/** Those of one principal that wait, in their order. Lanes that are not empty form a ring. */
class Lane<T> {
  readonly principal: string | undefined;
  first: T | undefined;
  last: T | undefined;
  places = 0;
  /** Rows that it was given beyond its turn; as many turns are passed over. */
  owed = 0;
  left: Lane<T> = this;
  right: Lane<T> = this;

  constructor(principal: string | undefined) {
    this.principal = principal;
  }
}

/** Empty lanes that are kept for the next call of their principal. */
const maxLanes = 1_024;

/**
 * A queue in which principals take turns, a row a turn, so that nobody waits behind all that another has sent. What is
 * asked of it takes no longer when more wait.
 *
 * Nobody may hold more places than are left free: a principal alone gets half of them, the next one half of the rest,
 * and n that are all served for a while get 1/(n+1) each. So there is room for whoever comes next.
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

  /** Those who wait, and some of those who have waited. */
  get knownPrincipals(): number {
    return this.#lanes.size;
  }

  /** Whether there was room. An empty queue takes whatever comes. */
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

  /** The one whose turn it is; it stays where it is. */
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

  /** Takes out the one that `peek` gives. */
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

  /** Whether it was still waiting, and is no more. */
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

  /** Puts back what was taken, to be taken first: its turn had come. There is room for it, however full it is. */
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

  /** Counts an entry that was put into its lane, and lets the lane take turns if it did not yet: as the last one. */
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
