import { createReader } from "../../src/ledger/reader.ts";
import { createMetadataReader } from "../../src/secrets/metadata-reader.ts";
import { metadataOf } from "../../src/secrets/secret.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { emptyHead, rowsAfter, secretNamed, write } from "../support/ledger.ts";
import { sqlitePlace } from "../support/places.ts";

describe("metadata that is read beside the chain", () => {
  afterAll(cleanUpDatabases);

  test("is what the store has, by name", async () => {
    const place = await sqlitePlace();
    const store = await place.open();
    const metadata = createMetadataReader(createReader(store));
    const secrets = ["a", "b", "c"].map((name) => secretNamed(name));
    const { rows, to } = await write(store, (head) => ({ rows: rowsAfter(head, [{}, {}]), inserts: secrets }));
    expect(await metadata.listSecrets({ after: ["a"] }, 1, to)).toEqual(secrets.slice(1, 2).map(metadataOf));
    expect(await metadata.secretRows("a", 1, to)).toEqual([{ ...rows[1], payloadJson: "" }]);
    await place.close();
  });

  test("is unavailable when the database is away", async () => {
    const place = await sqlitePlace();
    const store = await place.open();
    const metadata = createMetadataReader(createReader(store));
    await store.close();
    const away = { name: "VaultError", code: "STORE_UNAVAILABLE", retryAfterMs: 1_000 };
    await expect(metadata.listSecrets({ after: null }, 1, emptyHead)).rejects.toMatchObject(away);
    await expect(metadata.secretRows("a", 1, emptyHead)).rejects.toMatchObject(away);
  });

  test("is refused to more than may wait for it", async () => {
    const place = await sqlitePlace();
    const store = await place.open();
    const opened = Promise.withResolvers<void>();
    const page: typeof store.page = async (...question) => {
      await opened.promise;
      return await store.page(...question);
    };
    const metadata = createMetadataReader(createReader({ ...store, page }));
    const waiting = Array.from({ length: 256 }, () => metadata.listSecrets({ after: null }, 1, emptyHead));
    const overloaded = { name: "VaultError", code: "OVERLOADED", retryAfterMs: 100 };
    await expect(metadata.listSecrets({ after: null }, 1, emptyHead)).rejects.toMatchObject(overloaded);
    await expect(metadata.secretRows("a", 1, emptyHead)).rejects.toMatchObject(overloaded);
    opened.resolve();
    await Promise.all(waiting);
    expect(await metadata.listSecrets({ after: null }, 1, emptyHead)).toEqual([]);
    await place.close();
  });

  test("passes a bug on as it is", async () => {
    const bug = new TypeError("a bug");
    const broken = () => Promise.reject(bug);
    const metadata = createMetadataReader(
      createReader({
        page: broken,
        vouchedPage: broken,
        count: broken,
        auditRows: broken,
        rowsBefore: broken,
        openListing: broken,
      }),
    );
    await expect(metadata.listSecrets({ after: null }, 1, emptyHead)).rejects.toBe(bug);
  });
});
