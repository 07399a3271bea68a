import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { grpcJsClient } from "./support/rpc-clients.ts";
import { newSecret } from "./support/secrets.ts";
import { closeVaults, databaseKinds, openVault, type Vault } from "./support/vault.ts";

/** Lets a table take what its schema would refuse. */
const loosened = {
  SQLite: [],
  MariaDB: [
    "ALTER TABLE audit_log MODIFY zeqond_number BIGINT",
    "ALTER TABLE secret MODIFY expires_zeqond BIGINT",
    "ALTER TABLE audit_origin MODIFY read_count BIGINT, MODIFY last_read_zeqond BIGINT",
  ],
};

describe.each(databaseKinds)("numbers that somebody wrote into the tables of %s by hand", (database) => {
  let vault: Vault;
  let name: string;
  beforeAll(async () => {
    vault = await openVault({ database });
    name = await newSecret(vault);
    for (const statement of loosened[database]) {
      await vault.sql(statement);
    }
  }, 90_000);
  afterAll(closeVaults, 60_000);

  test.each(["-1", "-9223372036854775808", "9223372036854775807"])(
    "%s fails no call that shows them",
    async (number) => {
      await vault.sql(`UPDATE audit_log SET zeqond_number = ${number} WHERE seq = 1`);
      await vault.sql(`UPDATE secret SET expires_zeqond = ${number}`);
      await vault.sql(`UPDATE audit_origin SET read_count = ${number}, last_read_zeqond = ${number}`);
      const client = grpcJsClient(vault);
      const token = await vault.token("admin", "ZEQ-ADMIN");
      const shown = number.startsWith("-") ? 0n : 9_223_372_036_854_775_808n;
      const audit = await client.call(ZscAdmin.method.audit, { name }, { token });
      expect(audit.message?.rows.at(-1)).toMatchObject({ transitionType: "secret_set", zeqondNumber: shown });
      const info = await client.call(ZscAdmin.method.info, { name }, { token });
      expect(info.message?.secret).toMatchObject({ expiresZeqond: shown, readCount: shown, lastReadZeqond: shown });
      const list = await client.call(ZscAdmin.method.list, {}, { token });
      expect(list.message?.count).toBe(1);
      client.close();
      for (const path of [`audit/${name}`, `info/${name}`, "list"]) {
        expect((await vault.send("GET", `/api/zsc/${path}`)).status).toBe(200);
      }
    },
  );
});
