"""Sets a secret, is refused it, is granted it and reads it, and keeps the receipt of each call: ../README.md."""

import os
import secrets

from zsc_vault import Client, ZscError
from zsc_vault.gen.zsc.v1.zsc_admin_pb2 import DeleteRequest, GrantRequest, SetRequest

NAME = "example/python"


def keep(what, receipt):
    print(f"{what}, receipt {receipt}")
    with open("receipts.txt", "a") as file:
        file.write(f"{receipt}\n")


def manage(what, method, request):
    _, call = method.with_call(request)
    keep(what, dict(call.initial_metadata())["zsc-receipt"])


def main():
    url, value = os.environ["ZSC_URL"], secrets.token_urlsafe(24)
    admin = Client(url, token_file=os.environ["ZSC_ADMIN_TOKEN_FILE"]).admin
    manage("set", admin.Set, SetRequest(name=NAME, value=value))
    with Client(url, token_file=os.environ["ZSC_TOKEN_FILE"]) as vault:
        try:
            vault.read(NAME)
        except ZscError as refusal:
            keep(f"refused with {refusal.code}", refusal.receipt)
        manage("granted", admin.Grant, GrantRequest(name=NAME, zid=os.environ["ZSC_ZID"]))
        secret = vault.read_secret(NAME, purpose="example")
        keep("read" if secret.value == value else "read something else", secret.receipt)
    manage("deleted", admin.Delete, DeleteRequest(name=NAME))


main()
