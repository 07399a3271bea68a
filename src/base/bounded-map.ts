/**
 * A map of at most `maxEntries`, in two generations. When the young generation holds half of them, it becomes the old
 * one, and the previous old one is evicted. This approximates LRU eviction without a linked list.
 */
export class BoundedMap<V> {
  readonly #maxYoung: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  constructor(maxEntries: number) {
    this.#maxYoung = Math.max(1, Math.floor(maxEntries / 2));
  }

  get(key: string): V | undefined {
    const recent = this.#young.get(key);
    if (recent !== undefined) {
      return recent;
    }
    const older = this.#old.get(key);
    if (older !== undefined) {
      this.set(key, older);
    }
    return older;
  }

  set(key: string, value: V): void {
    if (this.#young.size >= this.#maxYoung) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
