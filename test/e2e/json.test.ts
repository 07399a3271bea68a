import { access } from "./json/access.ts";
import { auditRows } from "./json/audit.ts";
import { httpVersions } from "./json/http-versions.ts";
import { listFilters } from "./json/list-filters.ts";
import { namesInPathsAndBodies } from "./json/names.ts";
import { orderOfChecks } from "./json/order-of-checks.ts";
import { denialLimiter, probes } from "./json/probe.ts";
import { receipts } from "./json/receipts.ts";
import { setFields } from "./json/set-fields.ts";
import { successShapes } from "./json/shapes.ts";
import { versions } from "./json/versions.ts";
import { wholeLog } from "./json/whole-log.ts";
import { closeVaults, databaseKinds, openVault, type Vault } from "./support/vault.ts";

/** The contract's section 2, row by row, against the real server. */
describe.each(databaseKinds)("the JSON surface on %s", (database) => {
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

  describe("success", () => successShapes(vault));
  describe("set", () => setFields(vault));
  describe("versions", () => versions(vault));
  describe("filters of lists", () => listFilters(vault));
  describe("the whole log", () => wholeLog(vault));
  describe("names", () => namesInPathsAndBodies(vault));
  describe("audit", () => auditRows(vault));
  describe("probe", () => probes(vault));
  describe("the denial limiter", () => denialLimiter(vault));
  describe("receipts", () => receipts(vault));
  describe("checks", () => orderOfChecks(vault));
  describe("access", () => access(vault));
  describe("HTTP", () => httpVersions(vault));

  test("the chain verifies at the end of all that", async () => {
    const { code, stdout } = await vault().verify();
    expect(stdout).toMatch(/ok\n$/);
    expect(code).toBe(0);
  });
});
