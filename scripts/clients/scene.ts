import { openVault, type Vault } from "../../test/e2e/support/vault.ts";

/** What every client meets: a server, a secret, its owner, and a stranger of its own. */
export interface Scene {
  readonly vault: Vault;
  readonly address: string;
  readonly secret: string;
  readonly value: string;
  readonly owner: string;
  readonly ownerToken: string;
  readonly adminToken: string;
  /** Each client is a stranger by its own name, so that the denials of one do not shut another out. */
  strangerToken(client: string): Promise<string>;
}

/** One thing that a client has tried. */
export interface Check {
  readonly what: string;
  readonly ok: boolean;
  /** What it saw, for people. */
  readonly saw: string;
  /** `zsc-receipt`, where it got one. */
  readonly receipt?: string;
}

export async function openScene(): Promise<Scene> {
  const vault = await openVault();
  const [secret, value, owner] = ["team/db-password", "correct horse", "ZEQ-APP"];
  const answer = await vault.send("POST", "/api/zsc/set", { body: { name: secret, value, boundZid: owner } });
  if (answer.status !== 200) {
    throw new Error(`the secret could not be set: ${answer.text}`);
  }
  return {
    vault,
    address: `${vault.host}:${vault.port}`,
    secret,
    value,
    owner,
    ownerToken: await vault.token("caller", owner),
    adminToken: await vault.token("admin", "ZEQ-ADMIN"),
    strangerToken: (client) => vault.token("caller", `ZEQ-STRANGER-${client}`),
  };
}

/** The environment of a client of another language (test/clients/README.md). */
export async function environmentOf(scene: Scene, client: string): Promise<Readonly<Record<string, string>>> {
  return {
    ZSC_ADDRESS: scene.address,
    ZSC_SECRET: scene.secret,
    ZSC_VALUE: scene.value,
    ZSC_OWNER: scene.owner,
    ZSC_OWNER_TOKEN: scene.ownerToken,
    ZSC_STRANGER_TOKEN: await scene.strangerToken(client),
  };
}

/** The lines of JSON that such a client prints. */
export function checksIn(printed: string): readonly Check[] {
  return printed
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Check);
}
