from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Receipt(_message.Message):
    __slots__ = ("seq", "row_hash", "transition_id", "proof_digest", "zeqond")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    ROW_HASH_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_ID_FIELD_NUMBER: _ClassVar[int]
    PROOF_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ZEQOND_FIELD_NUMBER: _ClassVar[int]
    seq: int
    row_hash: str
    transition_id: str
    proof_digest: str
    zeqond: int
    def __init__(self, seq: _Optional[int] = ..., row_hash: _Optional[str] = ..., transition_id: _Optional[str] = ..., proof_digest: _Optional[str] = ..., zeqond: _Optional[int] = ...) -> None: ...
