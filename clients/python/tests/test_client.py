"""Against a vault over TLS (`npm run test:examples` starts one and says where in the environment), and a server that fails."""

import os
import re
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from zsc_vault import Client, Secret, ZscError
from zsc_vault.gen.zsc.v1 import zeq_context_pb2 as messages
from zsc_vault.gen.zsc.v1 import zeq_context_pb2_grpc, zsc_admin_pb2, zsc_admin_pb2_grpc

RECEIPT = re.compile(r"[1-9][0-9]*\.[0-9a-f]{64}")
URL, CA, ZID = (os.environ[name] for name in ("ZSC_URL", "ZSC_CA_FILE", "ZSC_ZID"))
ADMIN, CALLER = os.environ["ZSC_ADMIN_TOKEN_FILE"], os.environ["ZSC_TOKEN_FILE"]
NAME, FOREIGN, VALUE = "client/python", "client/python/foreign", "correct horse"


class OnAVault(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Client(URL, token_file=ADMIN, ca_file=CA) as client:
            owned = zsc_admin_pb2.SetRequest(name=NAME, value=VALUE, bound_zid=ZID, purpose_tag="test")
            client.admin.Set(owned)
            client.admin.Set(zsc_admin_pb2.SetRequest(name=FOREIGN, value=VALUE))

    def client(self, **options):
        client = Client(URL, **{"token_file": CALLER, "ca_file": CA, **options})
        self.addCleanup(client.close)
        return client

    def test_reads_a_value_with_source_tag_and_receipt(self):
        client = self.client()
        self.assertEqual(client.read(NAME, "test"), VALUE)
        secret = client.read_secret(NAME)
        self.assertEqual((secret.value, secret.source, secret.purpose_tag), (VALUE, "vault", "test"))
        self.assertRegex(secret.receipt, RECEIPT)

    def test_falls_through_when_there_is_no_such_secret_and_only_then(self):
        client = self.client(env={"none": "own", FOREIGN: "own"})
        secret = client.read_secret("none")
        self.assertEqual((secret.value, secret.source), ("own", "env"))
        self.assertRegex(secret.receipt, RECEIPT)
        self.assertEqual(self.failure(lambda: client.read(FOREIGN)).code, "DENIED")
        self.assertEqual(self.failure(lambda: client.read("neither")).code, "NOT_FOUND")
        off = self.client(env={"none": "own"}, fall_through=False)
        self.assertEqual(self.failure(lambda: off.read("none")).code, "NOT_FOUND")
        os.environ["ZSC_TEST_OWN"] = "own"
        self.assertEqual(self.client().read("ZSC_TEST_OWN"), "own")

    def test_reads_many_in_pieces(self):
        names = [NAME, "own", FOREIGN, NAME, *(f"none-{number}" for number in range(120))]
        found = self.client(env={"own": "mine"}).read_many(names)
        self.assertEqual(list(found), list(dict.fromkeys(names)))
        self.assertEqual(found[NAME].value, VALUE)
        self.assertEqual(found["own"], Secret("mine", "env"))
        self.assertEqual(found[FOREIGN].code, "DENIED")
        self.assertEqual(found["none-119"].code, "NOT_FOUND")

    def test_reads_the_token_file_anew(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "token")
            file.write_text("not.a.token\n")
            client = self.client(token_file=file)
            self.assertEqual(self.failure(lambda: client.read(NAME)).code, "UNAUTHENTICATED")
            file.write_text(Path(CALLER).read_text().strip() + "\r\n")
            self.assertEqual(client.read(NAME), VALUE)

    def test_refuses_a_certificate_of_an_unknown_authority(self):
        self.assertEqual(self.failure(lambda: self.client(ca_file=None).read(NAME)).code, "UNAVAILABLE")

    def test_shows_no_token_and_no_value(self):
        token = Path(CALLER).read_text().strip()
        client = self.client(token=token, token_file=None)
        error = self.failure(lambda: client.read(FOREIGN))
        broken = self.failure(lambda: self.client(token=f"{token}\n{token}", token_file=None).read(NAME))
        shown = f"{client!r} {client} {client.read_secret(NAME)!r} {error!r} {error} {broken!r} {broken}"
        shown += repr(error.__cause__)
        self.assertNotIn(token, shown)
        self.assertNotIn(VALUE, shown)
        self.assertRegex(error.receipt, RECEIPT)

    def failure(self, call) -> ZscError:
        with self.assertRaises(ZscError) as caught:
            call()
        return caught.exception


class OnAServerThatFails(unittest.TestCase, zeq_context_pb2_grpc.ZeqContextServicer, zsc_admin_pb2_grpc.ZscAdminServicer):
    def setUp(self):
        self.answers, self.calls = [], 0
        self.server = grpc.server(ThreadPoolExecutor(2))
        zeq_context_pb2_grpc.add_ZeqContextServicer_to_server(self, self.server)
        zsc_admin_pb2_grpc.add_ZscAdminServicer_to_server(self, self.server)
        self.url = f"http://127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()
        self.addCleanup(self.server.stop, None)

    def Read(self, request, context):
        self.answer(context)
        return messages.ReadResponse(name=request.name, value=VALUE)

    def Set(self, request, context):
        self.answer(context)

    def answer(self, context):
        self.calls += 1
        code, delay_s = self.answers.pop(0) if self.answers else (None, None)
        if code is not None:
            status = status_pb2.Status(code=code.value[0])
            if delay_s is not None:
                detail = any_pb2.Any()
                detail.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=delay_s)))
                status.details.append(detail)
            context.set_trailing_metadata([("grpc-status-details-bin", status.SerializeToString())])
            context.abort(code, "no")

    def failure(self, answers, call=None, token="a.b"):
        self.answers, self.calls = answers, 0
        with Client(self.url, token) as client, self.assertRaises(ZscError) as caught:
            (call or (lambda client: client.read("x")))(client)
        return caught.exception

    def test_tries_a_read_three_times_and_a_write_once(self):
        away = (grpc.StatusCode.UNAVAILABLE, None)
        self.answers = [away, away]
        with Client(self.url, "a.b") as client:
            self.assertEqual(client.read("x"), VALUE)
        self.assertEqual(self.calls, 3)
        self.assertEqual((self.failure([away] * 9).code, self.calls), ("UNAVAILABLE", 3))
        write = self.failure([away] * 9, lambda client: client.admin.Set(zsc_admin_pb2.SetRequest()))
        self.assertEqual((write.code, self.calls), ("UNAVAILABLE", 1))

    def test_tries_nothing_else_again(self):
        for code in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAUTHENTICATED):
            self.assertEqual((self.failure([(code, 1)] * 9).code, self.calls), (code.name, 1))

    def test_waits_as_long_as_it_is_told_within_its_time(self):
        self.answers, start = [(grpc.StatusCode.UNAVAILABLE, 1)], time.monotonic()
        with Client(self.url, "a.b") as client:
            client.read("x")
        self.assertGreaterEqual(time.monotonic() - start, 1)
        error = self.failure([(grpc.StatusCode.UNAVAILABLE, 3600)])
        self.assertEqual((error.retry_after_ms, self.calls), (3_600_000, 1))

    def test_asks_once_for_a_token_that_was_renewed(self):
        tokens = iter(["a.1", "a.2", "a.3"])
        refused = (grpc.StatusCode.UNAUTHENTICATED, None)
        self.assertEqual(self.failure([refused] * 9, token=lambda: next(tokens)).code, "UNAUTHENTICATED")
        self.assertEqual(self.calls, 2)

    def test_takes_only_an_origin_that_is_safe(self):
        for url in ("http://vault.example", "https://u:p@vault.example", "https://vault.example/x", "vault.example:7777"):
            with self.assertRaises(ValueError) as caught:
                Client(url, "a.b")
            self.assertNotIn("u:p", str(caught.exception))
        for url in ("https://vault.example/", "http://localhost:1", "http://[::1]:1"):
            Client(url, "a.b").close()


if __name__ == "__main__":
    unittest.main()
