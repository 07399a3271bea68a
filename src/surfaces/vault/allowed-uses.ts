import type { Credential } from "../../base/index.ts";
import type { SecretUse } from "../../vaults/index.ts";

/**
 * Uses of places that were allowed to a caller before: at most so many, in two generations as in `BoundedMap`. By place
 * first, since those texts exist already with their hashes.
 */
export class AllowedUses {
  readonly #maxYoung: number;
  #young = new Map<string, Set<string>>();
  #old = new Map<string, Set<string>>();
  #youngUses = 0;

  constructor(maxUses: number) {
    this.#maxYoung = Math.max(1, Math.floor(maxUses / 2));
  }

  has(place: string, credential: Credential, use: SecretUse): boolean {
    const text = textOf(credential, use);
    if (this.#young.get(place)?.has(text)) {
      return true;
    }
    const isKnown = this.#old.get(place)?.has(text) === true;
    if (isKnown) {
      this.#add(place, text);
    }
    return isKnown;
  }

  add(place: string, credential: Credential, use: SecretUse): void {
    this.#add(place, textOf(credential, use));
  }

  #add(place: string, text: string): void {
    if (this.#youngUses >= this.#maxYoung) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngUses = 0;
    }
    const uses = this.#young.get(place) ?? new Set<string>();
    const before = uses.size;
    this.#young.set(place, uses.add(text));
    this.#youngUses += uses.size - before;
  }
}

/** Made once for each token: a string that is used again is not hashed again. */
const texts = new WeakMap<Credential, Map<SecretUse, string>>();

function textOf(credential: Credential, use: SecretUse): string {
  let ofUses = texts.get(credential);
  if (ofUses === undefined) {
    ofUses = new Map();
    texts.set(credential, ofUses);
  }
  let text = ofUses.get(use);
  if (text === undefined) {
    text = `${use} ${credential.sub} ${credential.keyId}`;
    ofUses.set(use, text);
  }
  return text;
}
