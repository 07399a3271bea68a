/** What is wrong with the database, and what to do about it. */
interface Cause {
  /** Errors of the server by their numbers, and of the system or of mysql2 by their names. */
  readonly of: readonly (number | string)[];
  /** The sentence after "the database". */
  readonly what: string;
  readonly todo: string;
}

const url = "ZSC_DATABASE_URL";

/** Error numbers above 1899 are specific to MySQL or to MariaDB; no number listed here means different things in the two. */
const causes: readonly Cause[] = [
  // Reaching the server.
  {
    of: ["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA", "EAI_NONAME"],
    what: "is at a host whose name is not found",
    todo: `correct the host in ${url}, or this machine's DNS`,
  },
  {
    of: ["ECONNREFUSED"],
    what: "does not listen at its host and port",
    todo: `start it, or correct host and port in ${url}`,
  },
  {
    of: ["ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN"],
    what: "does not answer",
    todo: `look whether it hangs, whether a firewall is in the way, and whether host and port in ${url} are right`,
  },
  {
    of: ["ECONNRESET", "EPIPE", "ECONNABORTED", "PROTOCOL_CONNECTION_LOST", "EOF", 1053, 1152, 1184, 1927, 4031],
    what: "ended the connection",
    todo: "its log says why: a restart, a KILL, an idle timeout, or an init_connect that fails",
  },
  {
    of: [
      1156,
      1157,
      1158,
      1159,
      1160,
      1161,
      "PROTOCOL_PACKETS_OUT_OF_ORDER",
      "PROTOCOL_ERROR",
      "HANDSHAKE_UNKNOWN_ERROR",
    ],
    what: "and this server do not understand each other",
    todo: `look at what stands between them, and whether host and port in ${url} are those of MySQL or MariaDB`,
  },
  // TLS.
  {
    of: ["HANDSHAKE_NO_SSL_SUPPORT"],
    what: "offers no TLS",
    todo: `give it a certificate (ssl_cert, ssl_key), or take tls and ca out of ${url}`,
  },
  {
    of: ["ERR_TLS_CERT_ALTNAME_INVALID"],
    what: "has a certificate for another host",
    todo: `write the host in ${url} as its certificate has it, or give it a certificate for this one`,
  },
  {
    of: ["HANDSHAKE_SSL_ERROR"],
    what: "has a certificate that is not accepted",
    todo: `renew it when it has expired; an authority of your own is named with ca=FILE in ${url}`,
  },
  {
    of: ["ERR_SSL"],
    what: "cannot agree on TLS",
    todo: "it must speak TLS 1.2 or newer; look at its tls_version and at what stands between",
  },
  { of: [3159], what: "takes connections over TLS only", todo: `add ?tls=true or ?ca=FILE to ${url}` },
  // The account.
  {
    of: [1045, 1698],
    what: "refuses the user or the password",
    todo: `correct them in ${url}; the account must be for this machine, and one that requires TLS needs ?tls=true or ?ca=FILE`,
  },
  {
    of: ["AUTH_SWITCH_PLUGIN_ERROR", "MYSQL_CLEAR_PASSWORD_NOT_ENABLED", 1251, 1275, 1524, 1699, 2059],
    what: "wants the account to authenticate in a way that is not supported here",
    todo: "use mysql_native_password, or caching_sha2_password with MySQL, for this account",
  },
  {
    of: [1820, 1862, 3118, 3957, 4151],
    what: "has locked the account, or its password has expired",
    todo: "unlock it with ALTER USER",
  },
  {
    of: [1044, 1142, 1143, 1227, 1370, 1419],
    what: "does not grant the account what it needs",
    todo: "grant it as docs/operations.md says, Databases; the first start and an upgrade also need CREATE, ALTER, INDEX and DROP",
  },
  { of: [1049], what: "does not exist on its server", todo: `create it, or correct its name in ${url}` },
  {
    of: [1129, 1130],
    what: "takes no connection from this machine",
    todo: "an account must be for its address; a blocked address is freed by FLUSH HOSTS",
  },
  {
    of: [1040, 1203, 1226],
    what: "takes no more connections",
    todo: "raise max_connections, max_user_connections or the account's limits: each server needs two, and verification one",
  },
  // Writing.
  {
    of: [1290, 1792, 1836, 3989],
    what: "may only be read",
    todo: `turn read_only off, or name the primary and not a replica in ${url}`,
  },
  {
    of: [1665],
    what: "has binlog_format = STATEMENT, which cannot log what is written here",
    todo: "set it to ROW or MIXED",
  },
  {
    of: [1021, 1114, 3, 20, 1026],
    what: "has no room left",
    todo: "free space on its disk, or raise the limit of its tablespace",
  },
  {
    of: [1, 1005, 1004, 1030],
    what: "cannot make or use a file, for instance in its folder for temporary files",
    todo: "its log names it: look at space, rights and the setting tmpdir",
  },
  {
    of: [1153, 1162, 1301],
    what: "takes smaller packets than are sent to it",
    todo: "set max_allowed_packet to 16M on it, and on a proxy in between",
  },
  { of: [5, 1037, 1038, 1041, 1135], what: "is out of memory", todo: "give it more, or lower its limits" },
  { of: [1047, 1180, 3100, 3101], what: "is a node that cannot commit", todo: "look at the state of its cluster" },
  { of: [1317, 1969, 3024], what: "broke off a statement", todo: "look who or what limits the time of statements" },
  // Schema and data.
  {
    of: [1051, 1054, 1091, 1109, 1136, 1146, 1305, 1932],
    what: "lacks a table or a column of the vault",
    todo: "its schema was altered: restore it from a backup",
  },
  {
    of: [1264, 1265, 1292, 1300, 1364, 1366, 1406, 1048],
    what: "has a column that does not take what belongs there",
    todo: "its schema was altered: restore it from a backup",
  },
  {
    of: [126, 145, 1033, 1034, 1035, 1194, 1195, 1712, 1812, 1877],
    what: "has a damaged file",
    todo: "its log names it: restore it from a backup",
  },
  {
    of: [1286, 1289],
    what: "is without InnoDB",
    todo: "take disabled_storage_engines, enforce_storage_engine or skip_innodb out of its settings",
  },
  {
    of: [1115, 1193, 1231, 1238, 1273, 1651],
    what: "does not know a setting that is needed",
    todo: "MariaDB 10.6 or MySQL 8 or newer is needed, and a proxy in between must pass settings on",
  },
];

const byCode = new Map(causes.flatMap((cause) => cause.of.map((code) => [code, cause] as const)));

/**
 * A sentence for the operator, without any text of the driver.
 *
 * @param code is shown
 * @param errno the server's number, 0 for an error that is not of the server
 */
export function describeCause(code: string, errno: number): string {
  const cause = byCode.get(errno) ?? byCode.get(code);
  return cause === undefined
    ? `the database failed with ${code}: its log may say why`
    : `the database ${cause.what} (${code}): ${cause.todo}`;
}
