import { createHmac, type KeyObject, sign } from "node:crypto";
import type { Clock } from "../../src/base/clock.ts";
import { VaultError } from "../../src/base/errors.ts";

/** A clock that stands still until it is turned. */
export interface HandClock extends Clock {
  turnTo(unixMs: number): void;
}

export function handClock(unixMs: number): HandClock {
  let now = unixMs;
  return {
    nowMs: () => now,
    turnTo: (to) => {
      now = to;
    },
  };
}

/** 2026-05-17T13:11:14Z, in seconds. */
export const nowSeconds = 1_779_023_474;

export const secret = Buffer.from("a secret for tokens, of 32 bytes or more");

export const goodClaims = {
  sub: "ZEQ07111111111",
  role: "admin",
  iss: "zsc",
  aud: "zsc",
  iat: nowSeconds,
  exp: nowSeconds + 3_600,
};

type Json = Readonly<Record<string, unknown>>;

/** A token made without any library for tokens, so that it can be as wrong as one likes. */
export function hmacToken(
  claims: Json | string,
  header: Json = { alg: "HS256" },
  key: Uint8Array = secret,
  hash = "sha256",
) {
  const input = signingInput(header, claims);
  return `${input}.${createHmac(hash, key).update(input).digest("base64url")}`;
}

export function signedToken(claims: Json | string, header: Json, key: KeyObject) {
  const input = signingInput(header, claims);
  const hash = header["alg"] === "EdDSA" ? null : "sha256";
  return `${input}.${sign(hash, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

export function signingInput(header: Json, claims: Json | string): string {
  const texts = [JSON.stringify(header), typeof claims === "string" ? claims : JSON.stringify(claims)];
  return texts.map((text) => Buffer.from(text).toString("base64url")).join(".");
}

/** What `act` failed with, be it thrown or rejected. */
export async function failureOf(act: () => unknown): Promise<VaultError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof VaultError) {
      return error;
    }
    throw error;
  }
  throw new Error("it did not fail");
}

/** Why, in the words of the log. */
export function reasonOf({ cause }: VaultError): string {
  return cause instanceof Error ? cause.message : "";
}
