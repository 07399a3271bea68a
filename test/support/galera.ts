import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { queryText } from "./mysql-admin.ts";
import {
  createDataDirectory,
  createEmptyDirectory,
  createLocalServer,
  type LocalServer,
  openSite,
  type ServerSite,
  serverArgs,
} from "./mysql-server.ts";
import { findFile, findProgram, requireInstalled, run } from "./programs.ts";
import { findFreePort } from "./server-process.ts";

/** A Galera cluster on loopback. It and its data end with this process at the latest. */
export interface Galera {
  /** `start()` of a node that was killed resolves when it is in the cluster again and holds all rows (Synced). */
  readonly nodes: readonly LocalServer[];
  /** Creates a database of a random name and answers that name once every running node has it. */
  createDatabase(): Promise<string>;
  dispose(): Promise<void>;
}

/**
 * Starts a cluster of MariaDB nodes, one after the other (about 10 s for three); installs Debian's packages when this
 * machine has none and may.
 *
 * The others notice after 5 s that a node was killed; their commits wait so long. Nodes may be killed and started again
 * in any order while a majority lives. When a majority was killed at the same moment, the rest refuses to serve until all
 * nodes run again: `start()` those in parallel. A cluster whose nodes have all died is not brought back.
 *
 * @throws Error naming what to install, or with the end of a server's log.
 */
export async function openGalera(nodeCount = 3): Promise<Galera> {
  const provider = await requireProvider();
  // Not root: rsync would receive the state for root as `nobody`, who may not write here.
  const site = await openSite({ prefix: "zsc-galera-", packages, user: "mysql" });
  if (site.program.kind !== "mariadb") {
    site.remove();
    throw new Error(`Galera needs MariaDB, and ${site.program.path} is MySQL`);
  }
  const addresses = await chooseAddresses(nodeCount);
  const nodes = addresses.map((address, index) => createNode({ site, provider, addresses, address, index }));
  const dispose = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    site.remove();
  };
  try {
    await createDataDirectory(site, nodeName(0));
    // The others begin with nothing: a node that joins is sent the whole state.
    for (let index = 1; index < nodeCount; index += 1) {
      await createEmptyDirectory(site, nodeName(index));
    }
    for (const node of nodes) {
      await node.start();
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return { nodes, createDatabase: () => createDatabase(nodes), dispose };
}

const packages = ["mariadb-server", "galera-4", "rsync"];

interface NodeAddress {
  readonly sql: number;
  readonly group: string;
  readonly incremental: string;
  readonly transfer: string;
}

interface NodeSetup {
  readonly site: ServerSite;
  readonly provider: string;
  readonly addresses: readonly NodeAddress[];
  readonly address: NodeAddress;
  readonly index: number;
}

async function requireProvider(): Promise<string> {
  await requireInstalled("rsync and wsrep_sst_rsync (MariaDB)", packages, () => {
    const both = [findProgram("rsync"), findProgram("wsrep_sst_rsync")];
    return both.includes(undefined) ? undefined : both;
  });
  const places = ["/usr/lib/galera", "/usr/lib", "/usr/lib64/galera-4", "/usr/lib/galera-4"];
  const files = places.map((place) => join(place, "libgalera_smm.so"));
  return await requireInstalled("Galera 4", packages, () => findFile(...files));
}

async function chooseAddresses(count: number): Promise<readonly NodeAddress[]> {
  const addresses: NodeAddress[] = [];
  for (let index = 0; index < count; index += 1) {
    addresses.push({
      sql: await findFreePort(),
      group: `127.0.0.1:${await findFreePort()}`,
      incremental: `127.0.0.1:${await findFreePort()}`,
      transfer: `127.0.0.1:${await findFreePort()}`,
    });
  }
  return addresses;
}

function createNode(setup: NodeSetup): LocalServer {
  const server = createLocalServer(setup.site, nodeName(setup.index), setup.address.sql, nodeArgs(setup), isSynced);
  let startedBefore = false;
  return {
    port: server.port,
    get pid() {
      return server.pid;
    },
    url: server.url,
    kill: server.kill,
    stop: server.stop,
    async start(extraArgs = []) {
      if (server.pid !== undefined) {
        return;
      }
      const founds = setup.index === 0 && !startedBefore;
      const peers = founds ? "" : setup.addresses.map((address) => address.group).join(",");
      for (let attempt = 1; ; attempt++) {
        try {
          const position = startedBefore ? await recoverPosition(setup) : [];
          startedBefore = true;
          await server.start([`--wsrep-cluster-address=gcomm://${peers}`, ...position, ...extraArgs]);
          return;
        } catch (error) {
          // A node that joins on a busy machine now and then waits without end for what its peers have sent already.
          if (founds || attempt === startAttempts) {
            throw error;
          }
        }
      }
    },
  };
}

const startAttempts = 3;

function nodeArgs({ provider, address, index }: NodeSetup): readonly string[] {
  const providerOptions = `gmcast.listen_addr=tcp://${address.group};ist.recv_addr=${address.incremental}`;
  return [
    "--binlog-format=ROW",
    "--innodb-autoinc-lock-mode=2",
    "--wsrep-on=ON",
    `--wsrep-provider=${provider}`,
    `--wsrep-provider-options=${providerOptions}`,
    "--wsrep-cluster-name=zsc",
    `--wsrep-node-name=${nodeName(index)}`,
    "--wsrep-node-address=127.0.0.1",
    `--wsrep-node-incoming-address=127.0.0.1:${address.sql}`,
    "--wsrep-sst-method=rsync",
    `--wsrep-sst-receive-address=${address.transfer}`,
  ];
}

/**
 * Asks the data directory of a node that was killed how far it had come, as Debian's `galera_recovery` does before it
 * starts one: with that, its peers send it the missing writes; without, they send it everything, and one of them stalls.
 */
async function recoverPosition(setup: NodeSetup): Promise<readonly string[]> {
  const { site, address, index } = setup;
  const own = [...serverArgs(site, nodeName(index), address.sql), ...nodeArgs(setup)];
  const args = [...own, "--wsrep-cluster-address=gcomm://", "--wsrep-recover"];
  // The server that has told its position sometimes never ends: its purge waits for what its shutdown has taken away.
  const printed = await run(site.program.path, args, { withinMs: recoverWithinMs, until: recoveredPosition });
  const position = recoveredPosition.exec(printed)?.[1];
  return position === undefined ? [] : [`--wsrep-start-position=${position}`];
}

const recoverWithinMs = 60_000;
const recoveredPosition = /WSREP: Recovered position:\s*(\S+)\n/;

async function isSynced(url: string): Promise<boolean> {
  const rows = await queryText(url, "SHOW STATUS WHERE Variable_name IN ('wsrep_local_state_comment', 'wsrep_ready')");
  const status = new Map(rows.map(([name, value]) => [name, value]));
  return status.get("wsrep_ready") === "ON" && status.get("wsrep_local_state_comment") === "Synced";
}

async function createDatabase(nodes: readonly LocalServer[]): Promise<string> {
  const running = nodes.filter((node) => node.pid !== undefined);
  const [first, ...others] = running;
  if (first === undefined) {
    throw new Error("no node of the cluster is running");
  }
  const name = `zsc_${randomBytes(6).toString("hex")}`;
  await queryText(first.url(), `CREATE DATABASE ${name}`);
  for (const node of others) {
    while ((await queryText(node.url(), `SHOW DATABASES LIKE '${name}'`)).length === 0) {
      await sleep(20);
    }
  }
  return name;
}

function nodeName(index: number): string {
  return `node${index}`;
}
