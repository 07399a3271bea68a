import type { Call, CallKind } from "./calls.ts";

/** What a client knows of what became of its call. */
export type Fate =
  /** It was carried out. `value`: the plaintext that came; `granted`: what a probe heard. */
  | {
      readonly kind: "acknowledged";
      readonly receipt: string | undefined;
      readonly value?: string;
      readonly granted?: boolean;
      readonly reason?: string;
    }
  | { readonly kind: "refused"; readonly reason: string; readonly receipt: string | undefined }
  /** UNAVAILABLE. Unless it may have been recorded, it certainly was not. */
  | { readonly kind: "unavailable"; readonly mayBeRecorded: boolean }
  /** The connection broke: the client knows nothing. */
  | { readonly kind: "in_flight" }
  /** There was no connection: the server cannot have heard of it. */
  | { readonly kind: "not_sent" }
  /** An answer that nobody should ever get. */
  | { readonly kind: "wrong"; readonly why: string };

/** One call on one name: exactly one row of the log, or none. */
export interface Entry {
  readonly label: string;
  readonly kind: CallKind;
  readonly name: string;
  readonly zid: string;
  fate: Fate;
}

/** What all clients did, and what came of it. Labels are unique, so each row of the log finds its entry. */
export class Journal {
  readonly #entries = new Map<string, Entry>();

  /** Notes a call before it is sent. Until it is settled, it is in flight. */
  begin({ label, kind, names, zid }: Call): readonly Entry[] {
    return names.map((name) => {
      const entry: Entry = { label, kind, name, zid, fate: { kind: "in_flight" } };
      const key = keyOf(label, name);
      if (this.#entries.has(key)) {
        throw new Error(`two calls have the label ${label}`);
      }
      this.#entries.set(key, entry);
      return entry;
    });
  }

  find(label: string, name: string): Entry | undefined {
    return this.#entries.get(keyOf(label, name));
  }

  /** In the order in which they began, from number `first`. */
  entries(first = 0): readonly Entry[] {
    return [...this.#entries.values()].slice(first);
  }

  get size(): number {
    return this.#entries.size;
  }
}

function keyOf(label: string, name: string): string {
  return `${label} ${name}`;
}
