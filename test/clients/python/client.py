"""A gRPC client in Python, generated from the protos: reads a secret, is denied one, and checks the receipts."""

import hashlib
import json
import os
import re

import grpc

from google.rpc import error_details_pb2, status_pb2
from zsc.v1 import zeq_context_pb2 as messages
from zsc.v1 import zeq_context_pb2_grpc as services

RECEIPT = re.compile(r"^[1-9][0-9]*\.[0-9a-f]{64}$")


def say(what, ok, saw, receipt=""):
    print(json.dumps({"what": what, "ok": bool(ok), "saw": saw, "receipt": receipt}))


def credentials(variable):
    return (("authorization", "Bearer " + os.environ[variable]),)


def first(metadata, name):
    return next((value for key, value in metadata or () if key == name), "")


def info_of(status):
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info
    return error_details_pb2.ErrorInfo()


def read(stub, name, owner):
    request = messages.ReadRequest(name=name, purpose="python")
    answer, call = stub.Read.with_call(request, metadata=credentials("ZSC_OWNER_TOKEN"), timeout=30)
    receipt = answer.receipt
    header = first(call.initial_metadata(), "zsc-receipt")
    digest = hashlib.sha256(f"{name}|{owner}|{receipt.transition_id}|python".encode()).hexdigest()
    ok = answer.value == os.environ["ZSC_VALUE"] and receipt.proof_digest == digest
    ok = ok and header == f"{receipt.seq}.{receipt.row_hash}"
    say("reads a secret, and its receipt holds", ok, answer.value, header)


def refusal(stub, what, token, name, code, reason):
    try:
        stub.Read(messages.ReadRequest(name=name), metadata=credentials(token), timeout=30)
        say(what, False, "an answer")
    except grpc.RpcError as error:
        trailers = error.trailing_metadata()
        info = info_of(status_pb2.Status.FromString(first(trailers, "grpc-status-details-bin") or b""))
        receipt = first(trailers, "zsc-receipt")
        recorded = reason != "INVALID_ARGUMENT"
        ok = error.code() == code and info.reason == reason and info.domain == "zsc.v1"
        ok = ok and bool(RECEIPT.match(receipt)) == recorded
        say(what, ok, f"{error.code().name}, {info.reason}: {error.details()}", receipt)


def batch(stub, name):
    names = ["no-such-secret", name, name]
    request = messages.BatchReadRequest(names=names)
    answer, call = stub.BatchRead.with_call(request, metadata=credentials("ZSC_OWNER_TOKEN"), timeout=30)
    missing = info_of(answer.items[0].error).reason
    values = [item.secret.value for item in answer.items[1:]]
    ok = missing == "NOT_FOUND" and [item.name for item in answer.items] == names
    ok = ok and values == [os.environ["ZSC_VALUE"]] * 2
    receipt = first(call.initial_metadata(), "zsc-receipt")
    say("reads a batch, with a status for each", ok, ", ".join([missing, *values]), receipt)


def main():
    name, owner = os.environ["ZSC_SECRET"], os.environ["ZSC_OWNER"]
    with grpc.insecure_channel(os.environ["ZSC_ADDRESS"]) as channel:
        stub = services.ZeqContextStub(channel)
        read(stub, name, owner)
        denied = (grpc.StatusCode.PERMISSION_DENIED, "DENIED")
        refusal(stub, "is denied a secret, with the reason", "ZSC_STRANGER_TOKEN", name, *denied)
        none = (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        refusal(stub, "hears that there is none", "ZSC_OWNER_TOKEN", "no-such-secret", *none)
        wrong = (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
        refusal(stub, "is told what is wrong with its input", "ZSC_OWNER_TOKEN", "", *wrong)
        batch(stub, name)


if __name__ == "__main__":
    main()
