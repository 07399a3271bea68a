import { readFileSync } from "node:fs";
import { join } from "node:path";
import { closeVaults, databaseKinds, openVault } from "./support/vault.ts";
import { type RowsOfStep, rowsOfCalls } from "./vectors/rows-of-calls.ts";

// Processes begin and end here, on a machine that may have other things to do.
jest.setTimeout(120_000);

afterAll(closeVaults, 60_000);

const vectors: readonly RowsOfStep[] = JSON.parse(readFileSync(join(__dirname, "vectors/rows-of-calls.json"), "utf8"));

test.each(databaseKinds)("on %s each call leaves the rows that it always left, byte for byte", async (database) => {
  const rows = await rowsOfCalls(await openVault({ database }));
  // What is undefined is not in JSON.
  expect(JSON.parse(JSON.stringify(rows))).toEqual(vectors);
});

test("the golden rows are of every type and of every reason", () => {
  const rows = vectors.flatMap((vector) => vector.rows);
  const kinds = new Set(rows.map(({ transitionType, proofPurpose }) => `${transitionType} ${proofPurpose}`));
  expect([...kinds]).toEqual(
    expect.arrayContaining([
      ...["secret_set set", "secret_set granted", "secret_set revoked", "secret_deleted deleted"],
      ...[
        "secret_rotated manual_rotated",
        "secret_rotated auto_rotated",
        "secret_read read",
        "secret_read probe_check",
      ],
      ...["secret_denied denied", "secret_denied not_found", "secret_denied rate_limited", "secret_denied error"],
      ...["admin_list list", "admin_info info", "admin_audit audit"],
    ]),
  );
});
