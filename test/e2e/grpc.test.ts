import { batches } from "./grpc/batches.ts";
import { errorTable } from "./grpc/error-table.ts";
import { reads } from "./grpc/reads.ts";
import { closeVaults, databaseKinds, openVault, type Vault } from "./support/vault.ts";

/** The contract's section 3 against the real server. */
describe.each(databaseKinds)("the gRPC surface on %s", (database) => {
  let opened: Vault | undefined;
  const vault = () => {
    if (opened === undefined) {
      throw new Error("the vault is not open");
    }
    return opened;
  };
  beforeAll(async () => {
    opened = await openVault({ database });
  }, 90_000);
  afterAll(closeVaults, 60_000);

  describe("errors", () => errorTable(vault));
  describe("reads", () => reads(vault));
  describe("batches", () => batches(vault));

  test("the chain verifies at the end of all that", async () => {
    expect(await vault().verify()).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok\n$/) });
  });
});
