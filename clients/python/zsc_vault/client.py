"""The client of a ZSC vault: retries, errors, and the fall-through to the caller's own environment."""

import os
import random
import re
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import grpc
from google.rpc import error_details_pb2, status_pb2

from zsc_vault.gen.zsc.v1 import zeq_context_pb2 as messages
from zsc_vault.gen.zsc.v1 import zeq_context_pb2_grpc, zsc_admin_pb2_grpc

Token = str | Callable[[], str] | None
File = str | os.PathLike[str] | None
BATCH = 100
LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")
ATTEMPTS = 3
# Calls that change nothing but the log. A write whose answer is lost may have happened, and is not made again.
TRIED_AGAIN = {"Read", "BatchRead", "List", "Info", "Audit", "ProbePermission", "Log", "ListNames"}
# RFC 6750 §2.1. What is none would be quoted by the error of a header that does not take it.
BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
CHANNEL = {
    "grpc.max_receive_message_length": 8_388_608,
    "grpc.min_reconnect_backoff_ms": 5_000,  # how long a connect may take
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
    "grpc.keepalive_time_ms": 10_000,  # a peer that has gone without a word is found out
    "grpc.keepalive_timeout_ms": 5_000,
}


class ZscError(Exception):
    """A call that failed. `code` is a reason of docs/errors.md, or the gRPC code's name where the vault gave none."""

    def __init__(self, code: str, message: str, retry_after_ms: int | None = None, receipt: str | None = None):
        super().__init__(code, message, retry_after_ms, receipt)
        self.code, self.message, self.retry_after_ms, self.receipt = code, message, retry_after_ms, receipt

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True)
class Secret:
    """A value, and where it came from. `receipt` is `<seq>.<row_hash>` of the row of this read in the audit log."""

    value: str = field(repr=False)
    source: Literal["vault", "env"]
    purpose_tag: str | None = None
    receipt: str | None = None


class Client:
    """A client of one vault. Threads may share it; it holds one connection, and no answer."""

    def __init__(
        self, url: str, token: Token = None, *, token_file: File = None, ca_file: File = None, timeout: float = 10.0,
        fall_through: bool = True, env: Mapping[str, str] | None = None, allow_http: bool = False,
    ):
        """`token` or `token_file` (read anew for each call); `ca_file` (PEM) replaces the system's authorities;
        `timeout` is in seconds, for a call with its retries. `env` is this process's unless given. Raises ValueError."""
        if (token is None) == (token_file is None):
            raise ValueError("give either token or token_file")
        self._name, self._channel = _open(url, ca_file, allow_http)
        self._own = (os.environ if env is None else env) if fall_through else {}
        guarded = grpc.intercept_channel(self._channel, _Guard(_tokens(token, token_file), timeout))
        # The services themselves; their calls raise ZscError too. Those of an admin need an admin's token.
        self.context = zeq_context_pb2_grpc.ZeqContextStub(guarded)
        self.admin = zsc_admin_pb2_grpc.ZscAdminStub(guarded)

    def read(self, name: str, purpose: str | None = None) -> str:
        """The value of a secret. When the vault has none of that name: of this process's own environment."""
        return self.read_secret(name, purpose).value

    def read_secret(self, name: str, purpose: str | None = None) -> Secret:
        """As `read`, with its source and receipt."""
        try:
            return _secret(self.context.Read(messages.ReadRequest(name=name, purpose=purpose)))
        except ZscError as error:
            if (own := self._fall_through(name, error)) is None:
                raise
            return own

    def read_many(self, names: Iterable[str], purpose: str | None = None) -> dict[str, Secret | ZscError]:
        """What came of each name. Raises ZscError when a call of up to 100 names fails as a whole."""
        wanted, found = list(dict.fromkeys(names)), {}
        for start in range(0, len(wanted), BATCH):
            piece = wanted[start : start + BATCH]
            request = messages.BatchReadRequest(names=piece, purpose=purpose)
            for item in self.context.BatchRead(request).items:
                refusal = _failure(item.error) if item.HasField("error") else None
                own = refusal and self._fall_through(item.name, refusal)
                found[item.name] = own or refusal or _secret(item.secret)
        return found

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def __repr__(self) -> str:
        return f"<zsc_vault.Client {self._name}>"

    def _fall_through(self, name: str, error: ZscError) -> Secret | None:
        own = self._own.get(name) if error.code == "NOT_FOUND" else None
        return None if own is None else Secret(own, "env", receipt=error.receipt)


class _Guard(grpc.UnaryUnaryClientInterceptor):
    """Gives each call its token and its time, tries it again where that is safe, and raises ZscError."""

    def __init__(self, token: Callable[[], str], timeout: float):
        self._token, self._timeout = token, timeout

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        deadline = time.monotonic() + (client_call_details.timeout or self._timeout)
        attempts = ATTEMPTS if client_call_details.method.rpartition("/")[2] in TRIED_AGAIN else 1
        attempt, token, renewed = 1, self._token(), False
        while True:
            call = continuation(_Details(client_call_details, token, deadline - time.monotonic()), request)
            error = call.exception()
            if not isinstance(error, grpc.RpcError):
                return call
            failure = _failure_of(error)
            if error.code() is grpc.StatusCode.UNAUTHENTICATED and not renewed:
                before, token, renewed = token, self._token(), True
                if token != before:
                    continue
            pause = (failure.retry_after_ms or 0) / 1000 + random.uniform(0, min(2.0, 0.1 * 2 ** (attempt - 1)))
            is_over = attempt >= attempts or time.monotonic() + pause >= deadline
            if is_over or error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise failure from error
            time.sleep(pause)
            attempt += 1


class _Details(grpc.ClientCallDetails):
    credentials = wait_for_ready = compression = None

    def __init__(self, given: Any, token: str, timeout: float):
        self.method, self.timeout = given.method, max(timeout, 0.001)
        self.metadata = [*(given.metadata or ()), ("authorization", f"Bearer {token}")]


def _open(url: str, ca_file: File, allow_http: bool) -> tuple[str, grpc.Channel]:
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in ("http", "https") or not host or extra:
        raise ValueError("the URL must be an origin, such as https://vault.internal:7777")
    if not (secure or allow_http or LOOPBACK.fullmatch(host)):
        raise ValueError("http: sends token and values in the clear: use https:, or allow_http=True")
    target = f"{f'[{host}]' if ':' in host else host}:{parts.port or (443 if secure else 80)}"
    if not secure:  # and not through a proxy either, which would see it all
        return f"http://{target}", grpc.insecure_channel(target, [*CHANNEL.items(), ("grpc.enable_http_proxy", 0)])
    authorities = ca_file or ssl.get_default_verify_paths().cafile
    credentials = grpc.ssl_channel_credentials(Path(authorities).read_bytes() if authorities else None)
    return f"https://{target}", grpc.secure_channel(target, credentials, list(CHANNEL.items()))


def _tokens(token: Token, token_file: File) -> Callable[[], str]:
    def current() -> str:
        text = re.sub(r"\r?\n\Z", "", Path(token_file).read_text()) if token_file else token
        text = text() if callable(text) else text
        if not isinstance(text, str) or not BEARER_TOKEN.fullmatch(text):
            raise ZscError("UNAUTHENTICATED", "the token holds a character that no token has, such as a line break")
        return text

    return current


def _secret(answer: messages.ReadResponse) -> Secret:
    tag, receipt = answer.purpose_tag if answer.HasField("purpose_tag") else None, answer.receipt
    return Secret(answer.value, "vault", tag, f"{receipt.seq}.{receipt.row_hash}")


def _failure_of(error: Any) -> ZscError:
    trailers = dict(error.trailing_metadata() or ())
    status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
    status.code, status.message = error.code().value[0], error.details() or ""
    return _failure(status, trailers.get("zsc-receipt"))


def _failure(status: status_pb2.Status, receipt: str | None = None) -> ZscError:
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    reason = next((info.reason for detail in status.details if detail.Unpack(info)), "")
    wait_ms = next((retry.retry_delay.ToMilliseconds() for detail in status.details if detail.Unpack(retry)), None)
    code = next((code.name for code in grpc.StatusCode if code.value[0] == status.code), "UNKNOWN")
    return ZscError(reason or code, status.message, wait_ms, receipt)
