from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SecretMetadata(_message.Message):
    __slots__ = ("id", "name", "purpose_tag", "bound_zid", "expires_zeqond", "last_read_zeqond", "read_count", "permissions", "created_at", "updated_at", "version")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_TAG_FIELD_NUMBER: _ClassVar[int]
    BOUND_ZID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_ZEQOND_FIELD_NUMBER: _ClassVar[int]
    LAST_READ_ZEQOND_FIELD_NUMBER: _ClassVar[int]
    READ_COUNT_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    purpose_tag: str
    bound_zid: str
    expires_zeqond: int
    last_read_zeqond: int
    read_count: int
    permissions: _containers.RepeatedScalarFieldContainer[str]
    created_at: str
    updated_at: str
    version: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., purpose_tag: _Optional[str] = ..., bound_zid: _Optional[str] = ..., expires_zeqond: _Optional[int] = ..., last_read_zeqond: _Optional[int] = ..., read_count: _Optional[int] = ..., permissions: _Optional[_Iterable[str]] = ..., created_at: _Optional[str] = ..., updated_at: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class ListRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "prefix", "contains", "purpose_tag", "bound_zid", "reader_zid", "due", "never_read", "order_by", "descending")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    CONTAINS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_TAG_FIELD_NUMBER: _ClassVar[int]
    BOUND_ZID_FIELD_NUMBER: _ClassVar[int]
    READER_ZID_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    NEVER_READ_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    DESCENDING_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    prefix: str
    contains: str
    purpose_tag: str
    bound_zid: str
    reader_zid: str
    due: bool
    never_read: bool
    order_by: str
    descending: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., prefix: _Optional[str] = ..., contains: _Optional[str] = ..., purpose_tag: _Optional[str] = ..., bound_zid: _Optional[str] = ..., reader_zid: _Optional[str] = ..., due: _Optional[bool] = ..., never_read: _Optional[bool] = ..., order_by: _Optional[str] = ..., descending: _Optional[bool] = ...) -> None: ...

class ListResponse(_message.Message):
    __slots__ = ("count", "secrets", "next_page_token", "total")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    count: int
    secrets: _containers.RepeatedCompositeFieldContainer[SecretMetadata]
    next_page_token: str
    total: int
    def __init__(self, count: _Optional[int] = ..., secrets: _Optional[_Iterable[_Union[SecretMetadata, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total: _Optional[int] = ...) -> None: ...

class InfoRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class InfoResponse(_message.Message):
    __slots__ = ("secret",)
    SECRET_FIELD_NUMBER: _ClassVar[int]
    secret: SecretMetadata
    def __init__(self, secret: _Optional[_Union[SecretMetadata, _Mapping]] = ...) -> None: ...

class SetRequest(_message.Message):
    __slots__ = ("name", "value", "purpose_tag", "bound_zid", "permissions", "expires_zeqond", "expires_never", "if_version", "create_only")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_TAG_FIELD_NUMBER: _ClassVar[int]
    BOUND_ZID_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_ZEQOND_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_NEVER_FIELD_NUMBER: _ClassVar[int]
    IF_VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    purpose_tag: str
    bound_zid: str
    permissions: Permissions
    expires_zeqond: int
    expires_never: bool
    if_version: int
    create_only: bool
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ..., purpose_tag: _Optional[str] = ..., bound_zid: _Optional[str] = ..., permissions: _Optional[_Union[Permissions, _Mapping]] = ..., expires_zeqond: _Optional[int] = ..., expires_never: _Optional[bool] = ..., if_version: _Optional[int] = ..., create_only: _Optional[bool] = ...) -> None: ...

class Permissions(_message.Message):
    __slots__ = ("zids",)
    ZIDS_FIELD_NUMBER: _ClassVar[int]
    zids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, zids: _Optional[_Iterable[str]] = ...) -> None: ...

class SetResponse(_message.Message):
    __slots__ = ("name", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class RotateRequest(_message.Message):
    __slots__ = ("name", "if_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    IF_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    if_version: int
    def __init__(self, name: _Optional[str] = ..., if_version: _Optional[int] = ...) -> None: ...

class RotateResponse(_message.Message):
    __slots__ = ("name", "rotated")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ROTATED_FIELD_NUMBER: _ClassVar[int]
    name: str
    rotated: bool
    def __init__(self, name: _Optional[str] = ..., rotated: _Optional[bool] = ...) -> None: ...

class GrantRequest(_message.Message):
    __slots__ = ("name", "zid", "if_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ZID_FIELD_NUMBER: _ClassVar[int]
    IF_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    zid: str
    if_version: int
    def __init__(self, name: _Optional[str] = ..., zid: _Optional[str] = ..., if_version: _Optional[int] = ...) -> None: ...

class GrantResponse(_message.Message):
    __slots__ = ("name", "zid", "permissions")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ZID_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    zid: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., zid: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ...) -> None: ...

class RevokeRequest(_message.Message):
    __slots__ = ("name", "zid", "if_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ZID_FIELD_NUMBER: _ClassVar[int]
    IF_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    zid: str
    if_version: int
    def __init__(self, name: _Optional[str] = ..., zid: _Optional[str] = ..., if_version: _Optional[int] = ...) -> None: ...

class RevokeResponse(_message.Message):
    __slots__ = ("name", "zid", "permissions")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ZID_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    zid: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., zid: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ...) -> None: ...

class AuditRequest(_message.Message):
    __slots__ = ("name", "limit")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    limit: int
    def __init__(self, name: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class AuditResponse(_message.Message):
    __slots__ = ("name", "count", "rows")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    name: str
    count: int
    rows: _containers.RepeatedCompositeFieldContainer[AuditRow]
    def __init__(self, name: _Optional[str] = ..., count: _Optional[int] = ..., rows: _Optional[_Iterable[_Union[AuditRow, _Mapping]]] = ...) -> None: ...

class AuditRow(_message.Message):
    __slots__ = ("id", "zeqond_number", "transition_id", "transition_type", "proof_digest", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    ZEQOND_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_TYPE_FIELD_NUMBER: _ClassVar[int]
    PROOF_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    zeqond_number: int
    transition_id: str
    transition_type: str
    proof_digest: str
    created_at: str
    def __init__(self, id: _Optional[str] = ..., zeqond_number: _Optional[int] = ..., transition_id: _Optional[str] = ..., transition_type: _Optional[str] = ..., proof_digest: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...

class ProbePermissionRequest(_message.Message):
    __slots__ = ("name", "as_zid", "purpose")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AS_ZID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    name: str
    as_zid: str
    purpose: str
    def __init__(self, name: _Optional[str] = ..., as_zid: _Optional[str] = ..., purpose: _Optional[str] = ...) -> None: ...

class ProbePermissionResponse(_message.Message):
    __slots__ = ("granted", "reason", "detail")
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    granted: bool
    reason: str
    detail: str
    def __init__(self, granted: _Optional[bool] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("name", "if_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    IF_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    if_version: int
    def __init__(self, name: _Optional[str] = ..., if_version: _Optional[int] = ...) -> None: ...

class DeleteResponse(_message.Message):
    __slots__ = ("name", "deleted")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    name: str
    deleted: bool
    def __init__(self, name: _Optional[str] = ..., deleted: _Optional[bool] = ...) -> None: ...

class LogRequest(_message.Message):
    __slots__ = ("name", "actor", "type", "to", "before_seq", "limit")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    BEFORE_SEQ_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    actor: str
    type: _containers.RepeatedScalarFieldContainer[str]
    to: str
    before_seq: int
    limit: int
    def __init__(self, name: _Optional[str] = ..., actor: _Optional[str] = ..., type: _Optional[_Iterable[str]] = ..., to: _Optional[str] = ..., before_seq: _Optional[int] = ..., limit: _Optional[int] = ..., **kwargs) -> None: ...

class LogResponse(_message.Message):
    __slots__ = ("count", "rows", "next_before_seq")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    NEXT_BEFORE_SEQ_FIELD_NUMBER: _ClassVar[int]
    count: int
    rows: _containers.RepeatedCompositeFieldContainer[LogRow]
    next_before_seq: int
    def __init__(self, count: _Optional[int] = ..., rows: _Optional[_Iterable[_Union[LogRow, _Mapping]]] = ..., next_before_seq: _Optional[int] = ...) -> None: ...

class LogRow(_message.Message):
    __slots__ = ("seq", "id", "name", "actor_zid", "zeqond_number", "transition_type", "transition_id", "purpose", "reason", "payload", "proof_purpose", "proof_digest", "prev_hash", "row_hash", "created_at", "origin_id")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_ZID_FIELD_NUMBER: _ClassVar[int]
    ZEQOND_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_TYPE_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    PROOF_PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PROOF_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PREV_HASH_FIELD_NUMBER: _ClassVar[int]
    ROW_HASH_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_ID_FIELD_NUMBER: _ClassVar[int]
    seq: int
    id: str
    name: str
    actor_zid: str
    zeqond_number: int
    transition_type: str
    transition_id: str
    purpose: str
    reason: str
    payload: str
    proof_purpose: str
    proof_digest: str
    prev_hash: str
    row_hash: str
    created_at: str
    origin_id: str
    def __init__(self, seq: _Optional[int] = ..., id: _Optional[str] = ..., name: _Optional[str] = ..., actor_zid: _Optional[str] = ..., zeqond_number: _Optional[int] = ..., transition_type: _Optional[str] = ..., transition_id: _Optional[str] = ..., purpose: _Optional[str] = ..., reason: _Optional[str] = ..., payload: _Optional[str] = ..., proof_purpose: _Optional[str] = ..., proof_digest: _Optional[str] = ..., prev_hash: _Optional[str] = ..., row_hash: _Optional[str] = ..., created_at: _Optional[str] = ..., origin_id: _Optional[str] = ...) -> None: ...
