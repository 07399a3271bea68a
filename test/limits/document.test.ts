import { defaultLimits } from "../../src/transport/index.ts";
import { type Bound, boundsOfDocument, boundsOfSchema, boundsOfSource } from "./bounds-in-code.ts";

const rows = boundsOfDocument();
const bounds = [...boundsOfSource(), ...boundsOfSchema()];
const show = ({ name, value, file }: Bound) => `${name} = ${value.toLocaleString("en-US")} in ${file}`;

describe("docs/limits.md", () => {
  test("has a row, with its value, for every bound in the source and in the schema", () => {
    const documented = new Set(rows.map(show));
    expect(bounds.map(show).filter((bound) => !documented.has(bound))).toEqual([]);
  });

  test("has no row without a bound", () => {
    const real = new Set(bounds.map(show));
    expect(rows.map(show).filter((row) => !real.has(row))).toEqual([]);
  });

  test("has each row once, and says what happens beyond it", () => {
    expect(rows).toHaveLength(new Set(rows.map(show)).size);
    expect(rows.filter(({ beyond }) => beyond.trim().length < 10).map(show)).toEqual([]);
  });

  test.each(Object.entries(defaultLimits))("has a row for the port's %s", (name, value) => {
    expect(rows).toContainEqual(expect.objectContaining({ name, value, file: "transport/limits.ts" }));
  });
});
