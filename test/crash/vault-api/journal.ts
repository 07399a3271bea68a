import type { ApiCall } from "./calls.ts";

/** What a client knows of what became of its call. */
export type ApiFate =
  /** Carried out or refused, with an event. */
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly receipt: string | undefined;
      readonly body: Readonly<Record<string, unknown>>;
    }
  /** 503: this surface does not say whether it was recorded. */
  | { readonly kind: "unavailable" }
  /** The connection broke: the client knows nothing. */
  | { readonly kind: "in_flight" }
  /** There was no connection: the server cannot have heard of it. */
  | { readonly kind: "not_sent" }
  /** An answer that nobody should ever get. */
  | { readonly kind: "wrong"; readonly why: string };

/** One call: exactly one row of the log, or none. */
export interface ApiEntry {
  readonly call: ApiCall;
  fate: ApiFate;
}

/** What all clients of `/v1` did, and what came of it. */
export class ApiJournal {
  readonly #entries = new Map<string, ApiEntry>();

  /** Notes a call before it is sent. Until it is settled, it is in flight. */
  begin(call: ApiCall): ApiEntry {
    if (this.#entries.has(call.label)) {
      throw new Error(`two calls have the label ${call.label}`);
    }
    const entry: ApiEntry = { call, fate: { kind: "in_flight" } };
    this.#entries.set(call.label, entry);
    return entry;
  }

  find(label: string): ApiEntry | undefined {
    return this.#entries.get(label);
  }

  /** In the order in which they began, from number `first`. */
  entries(first = 0): readonly ApiEntry[] {
    return [...this.#entries.values()].slice(first);
  }
}
