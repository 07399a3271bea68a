#!/usr/bin/env python3
"""Verifies the audit log of a ZSC vault without any of its code. Python 3.8 or newer, standard library only.

    verify_audit_log.py sqlite .zsc/zsc.db
    verify_audit_log.py mysql --host 127.0.0.1 --user auditor zsc      (options of the mariadb or mysql client)
    verify_audit_log.py sqlite .zsc/zsc.db --receipt 17.9f2c...        (was this recorded, and is it there still?)

The arithmetic is that of docs/audit-format.md. Exit code 0: the log is whole. 1: it is broken. 2: it could not be read.
"""
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys

COLUMNS = ("seq id origin_id zeqond_number actor_zid transition_type transition_id payload_json "
           "proof_purpose proof_digest prev_hash row_hash created_at").split()


def field(text):
    data = text.encode("utf-8")
    return len(data).to_bytes(4, "big") + data


def row_hash(row):
    covered = (field(row[name]) for name in COLUMNS if name != "row_hash")
    return hashlib.sha256(b"zsc-row-v1" + b"".join(covered)).hexdigest()


def proof_digest(row):
    name = row["origin_id"][len("zsc:"):]
    inputs = (name, row["actor_zid"], row["transition_id"], row["proof_purpose"])
    return hashlib.sha256("|".join(inputs).encode("utf-8")).hexdigest()


def verify(rows, head, receipts):
    """Returns how many rows there are; raises ValueError with the first one that is not what the chain says."""
    previous, expected = "0" * 64, 1
    for row in rows:
        seq = int(row["seq"])
        if seq != expected:
            raise ValueError(f"row {min(seq, expected)}: missing, or not in its place")
        if row["prev_hash"] != previous:
            raise ValueError(f"row {seq}: its prev_hash is not the row_hash of the row before")
        if row_hash(row) != row["row_hash"]:
            raise ValueError(f"row {seq}: its columns do not give its row_hash")
        if proof_digest(row) != row["proof_digest"]:
            raise ValueError(f"row {seq}: its columns do not give its proof_digest")
        if receipts.pop(row["seq"], row["row_hash"]) != row["row_hash"]:
            raise ValueError(f"row {seq}: a receipt shows another row_hash")
        previous, expected = row["row_hash"], expected + 1
    if (int(head[0]), head[1]) != (expected - 1, previous):
        raise ValueError(f"row {expected - 1}: the head is at row {head[0]}, or has another hash: the tail was cut or changed")
    if receipts:
        raise ValueError(f"row {min(receipts, key=int)}: a receipt shows a row that the log does not have")
    return expected - 1


def read_sqlite(path):
    if not os.path.exists(path):
        raise OSError(f"no file {path}")
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.execute("BEGIN")
    head = database.execute("SELECT seq, row_hash FROM audit_head WHERE id = 1").fetchone()
    rows = database.execute(f"SELECT {', '.join(COLUMNS)} FROM audit_log ORDER BY seq")
    return (dict(zip(COLUMNS, map(str, row))) for row in rows), head


def read_mysql(client_options):
    client = shutil.which("mariadb") or shutil.which("mysql")
    if client is None:
        raise OSError("neither mariadb nor mysql, the command-line client, is installed")
    # In hexadecimal, so that tabs, line ends and character sets cannot change what is read.
    columns = ", ".join(f"HEX(CAST({name} AS BINARY))" for name in COLUMNS)
    query = (f"START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT seq, row_hash FROM audit_head WHERE id = 1; "
             f"SELECT {columns} FROM audit_log ORDER BY seq")
    command = [client, *client_options, "--batch", "--skip-column-names", "--quick", "--execute", query]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    head = process.stdout.readline().split()
    if len(head) != 2:
        raise OSError("the database did not answer")

    def rows():
        for line in process.stdout:
            values = line.rstrip("\n").split("\t")
            yield dict(zip(COLUMNS, (bytes.fromhex(value).decode("utf-8") for value in values)))
        if process.wait() != 0:
            raise OSError("the database stopped answering")

    return rows(), head


def main(arguments):
    receipts = {}
    while "--receipt" in arguments:
        at = arguments.index("--receipt")
        seq, _, digest = arguments[at + 1].partition(".")
        receipts[seq] = digest
        del arguments[at:at + 2]
    if len(arguments) < 2 or arguments[0] not in ("sqlite", "mysql"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        rows, head = read_sqlite(arguments[1]) if arguments[0] == "sqlite" else read_mysql(arguments[1:])
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
