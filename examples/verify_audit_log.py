#!/usr/bin/env python3
"""Verifies the audit log of a ZSC vault without any of its code. Python 3.8 or newer, standard library only.

    verify_audit_log.py sqlite .zsc/zsc.db
    verify_audit_log.py mysql --host 127.0.0.1 --user auditor zsc      (options of the mariadb or mysql client)
    verify_audit_log.py --receipt 17.9f2c... sqlite .zsc/zsc.db        (was this recorded, and is it there still?)

The arithmetic is that of docs/audit-format.md. Exit code 0: the log is whole. 1: it is broken. 2: it could not be read.
"""
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

COLUMNS = ("seq id origin_id zeqond_number actor_zid transition_type transition_id payload_json "
           "proof_purpose proof_digest prev_hash row_hash created_at").split()


# A row is a dictionary of bytes: what is stored, whether or not it is proper text.

def row_hash(row):
    covered = (row[name] for name in COLUMNS if name != "row_hash")
    fields = b"".join(len(column).to_bytes(4, "big") + column for column in covered)
    return hashlib.sha256(b"zsc-row-v1" + fields).hexdigest().encode()


def proof_digest(row):
    inputs = (name_in(row["origin_id"]), row["actor_zid"], row["transition_id"], row["proof_purpose"])
    return hashlib.sha256(b"|".join(inputs)).hexdigest().encode()


def name_in(origin):
    """The name of a secret; what else a row may be about, a vault or a user, has no other name than its origin."""
    return origin[len(b"zsc:"):] if origin.startswith(b"zsc:") else origin


def follow(row, versions):
    """Notes a change of a secret in `versions`, by name; returns why it cannot follow the change before, or None."""
    kind, name = row["transition_type"], name_in(row["origin_id"])
    if kind not in (b"secret_set", b"secret_rotated", b"secret_deleted"):
        return None
    before = versions.pop(name, None)
    if kind == b"secret_deleted":
        return None if before is not None else "deleted when there was no secret of that name"
    version, creates = marks(row["payload_json"])
    versions[name] = version
    if creates != (before is None):
        return "created when it was there already" if creates else "changed when there was no secret of that name"
    expected = (before or 0) + 1
    return None if version == expected else f"version {version} where version {expected} was to follow"


def marks(payload):
    """The version that a change gave its secret, and whether it made it; 0 when the payload is none of ours."""
    try:
        change = json.loads(payload)
        version, purpose = change.get("version"), change.get("purpose")
    except (ValueError, AttributeError, RecursionError):
        return 0, False
    return (version, purpose == "created") if type(version) is int else (0, False)


def verify(rows, head, receipts):
    """Returns how many rows there are; raises ValueError with the first one that is not what the chain says."""
    previous, expected, versions = b"0" * 64, 1, {}
    missing = set(receipts)
    for row in rows:
        number = row["seq"].decode("ascii", "replace")
        if row["seq"] != b"%d" % expected:
            raise ValueError(f"row {expected}: missing, or not in its place; there is a row {number}")
        if row["prev_hash"] != previous:
            raise ValueError(f"row {number}: its prev_hash is not the row_hash of the row before")
        if row_hash(row) != row["row_hash"]:
            raise ValueError(f"row {number}: its columns do not give its row_hash")
        if proof_digest(row) != row["proof_digest"]:
            raise ValueError(f"row {number}: its columns do not give its proof_digest")
        oddity = follow(row, versions)
        if oddity is not None:
            raise ValueError(f"row {number}: {row['origin_id'].decode('utf-8', 'replace')!r} is {oddity}")
        missing.discard((expected, row["row_hash"]))
        previous, expected = row["row_hash"], expected + 1
    last, head_seq = expected - 1, int(head[0])
    if head_seq != last:
        raise ValueError(f"row {min(head_seq, last) + 1}: the head is at row {head_seq}, and the log ends with row {last}")
    if head[1] != previous:
        raise ValueError(f"row {last}: the head has another row_hash for it")
    for seq, _ in sorted(missing):
        raise ValueError(f"row {seq}: a receipt shows a row that the log does not have, or not like this")
    return last


def read_sqlite(path):
    database = sqlite3.connect(f"{Path(path).resolve(strict=True).as_uri()}?mode=ro", uri=True)
    database.text_factory = bytes
    database.execute("BEGIN")
    head = next(map(as_bytes, database.execute("SELECT seq, row_hash FROM audit_head WHERE id = 1")), None)
    rows = database.execute(f"SELECT {', '.join(COLUMNS)} FROM audit_log ORDER BY seq")
    return head, (dict(zip(COLUMNS, as_bytes(row))) for row in rows)


def as_bytes(columns):
    return tuple(column if isinstance(column, bytes) else str(column).encode() for column in columns)


def read_mysql(client_options):
    client = shutil.which("mariadb") or shutil.which("mysql")
    if client is None:
        raise OSError("neither mariadb nor mysql, the command-line client, is installed")
    # In hexadecimal, so that tabs, line ends and character sets cannot change what is read.
    columns = ", ".join(f"HEX(CAST({name} AS BINARY))" for name in COLUMNS)
    query = ("START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT seq, row_hash FROM audit_head WHERE id = 1; "
             f"SELECT {columns} FROM audit_log ORDER BY seq; SELECT 'end'")
    command = [client, *client_options, "--batch", "--skip-column-names", "--quick", "--execute", query]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)

    def rows():
        for line in process.stdout:
            if line == b"end\n":
                return
            yield dict(zip(COLUMNS, (bytes.fromhex(column.decode()) for column in line.rstrip(b"\n").split(b"\t"))))
        raise OSError("the database stopped answering")

    head = process.stdout.readline().split()
    return tuple(head) if len(head) == 2 else None, rows()


def take_receipts(arguments):
    """Takes `--receipt SEQ.HASH` out of the arguments, each time that it is there; None when one is not like that."""
    receipts = []
    while "--receipt" in arguments:
        at = arguments.index("--receipt")
        shown = re.fullmatch(r"([1-9][0-9]*)\.([0-9a-f]{64})", "".join(arguments[at + 1:at + 2]))
        if shown is None:
            return None
        receipts.append((int(shown[1]), shown[2].encode()))
        del arguments[at:at + 2]
    return receipts


def main(arguments):
    receipts = take_receipts(arguments)
    kind, where = "".join(arguments[:1]), arguments[1:]
    if receipts is None or not (kind == "mysql" or kind == "sqlite" and len(where) == 1):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        head, rows = read_sqlite(*where) if kind == "sqlite" else read_mysql(where)
        if head is None:
            raise OSError("the database did not answer, or the head of the log is gone")
        print(f"ok: {verify(rows, head, receipts)} rows, the chain is whole")
        return 0
    except ValueError as broken:
        print(f"BROKEN: {broken}")
        return 1
    except (OSError, sqlite3.Error) as error:
        print(f"cannot read the log: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
