import type { Remark } from "./dotenv.ts";

/** A value of a file, before the rules of all formats. */
export interface Found {
  readonly name: string;
  /** Null: there is a name and nothing beside it. */
  readonly value: string | null;
  readonly line: number;
  readonly purposeTag?: string;
  readonly boundZid?: string;
  readonly permissions?: readonly string[];
  /** Null: never sealed again by itself. */
  readonly expiresZeqond?: number | null;
}

/** What a format made of a file. */
export interface Reading {
  readonly found: readonly Found[];
  readonly skipped: readonly Remark[];
  readonly warnings: readonly Remark[];
  readonly refused: readonly Remark[];
}

/** Collects what a format finds. */
export class Findings implements Reading {
  readonly found: Found[] = [];
  readonly skipped: Remark[] = [];
  readonly warnings: Remark[] = [];
  readonly refused: Remark[] = [];

  skip(name: string, why: string, line: number): void {
    this.skipped.push({ name, why, line });
  }

  warn(name: string, why: string, line: number): void {
    this.warnings.push({ name, why, line });
  }

  refuse(name: string | undefined, why: string, line: number): void {
    this.refused.push({ ...(name === undefined ? {} : { name }), why, line });
  }
}

export const readingOf = (part: Partial<Reading>): Reading => ({
  ...{ found: [], skipped: [], warnings: [], refused: [] },
  ...part,
});
