"""The Segment tracking protocol: from a request's JSON to normalised messages, good ones kept, bad ones named. Pure.

Limits and the rule of time are those of the interface contract, "Ingest". Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from health.ingest import hostile
from health.ingest.moments import parse_micros

MAX_MESSAGE_BYTES = 32 * 1024
MAX_BATCH_MESSAGES = 2_500
MAX_ID = 200
MAX_NAME = 200
ANONYMOUS = "anonymous:"

EVENT, IDENTIFY, GROUP, ALIAS = range(4)
KINDS = {"track": EVENT, "page": EVENT, "screen": EVENT, "identify": IDENTIFY, "group": GROUP, "alias": ALIAS}


class Arrived(msgspec.Struct, array_like=True, frozen=True):
    """One message as the inbox keeps it.

    ``contact`` and ``customer`` are external ids, null when the message names none. ``name`` is the event's name,
    or an alias's former id. ``anonymous`` is the visitor that an identify call names. ``data``: properties or
    traits, a JSON object or null.
    """

    kind: int
    message_id: str
    contact: str | None
    customer: str | None
    name: str
    at: int
    value: float | None
    data: msgspec.Raw
    anonymous: str | None = None


class Rejection(msgspec.Struct, rename={"message_id": "messageId"}, frozen=True):
    """A message that was not kept: its place in the batch, its id where readable, and why."""

    index: int
    message_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Clock:
    """What times are judged by: when the request came, and how old an event may be (both in microseconds)."""

    received: int
    retention: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """The good messages as an encoded array (``count`` of them), and the bad ones."""

    payload: bytes
    count: int
    rejected: list[Rejection]


class MalformedError(Exception):
    """The body is no usable JSON document; the text says what is wrong and where."""


class TooManyMessagesError(Exception):
    """More messages than a batch may hold."""


class _Context(msgspec.Struct):
    groupId: str | int | None = None  # noqa: N815  (the protocol's own spelling)
    traits: Any = None


class _Message(msgspec.Struct):
    type: str | None = None
    messageId: str | int | None = None  # noqa: N815  # the protocol's name
    userId: str | int | None = None  # noqa: N815  # the protocol's name
    anonymousId: str | int | None = None  # noqa: N815  # the protocol's name
    groupId: str | int | None = None  # noqa: N815  # the protocol's name
    previousId: str | int | None = None  # noqa: N815  # the protocol's name
    event: str | None = None
    name: str | None = None
    category: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: _Context | None = None
    timestamp: str | None = None
    originalTimestamp: str | None = None  # noqa: N815  # the protocol's name
    sentAt: Any = None  # noqa: N815  # the protocol's name


class _Envelope(msgspec.Struct):
    batch: list[msgspec.Raw]
    sentAt: Any = None  # noqa: N815  # the protocol's name
    writeKey: Any = None  # noqa: N815  # the protocol's name
    context: Any = None


class _RefusedError(Exception):
    """Internal: this message cannot be kept, for the reason given."""


_envelope = msgspec.json.Decoder(_Envelope)
_message = msgspec.json.Decoder(_Message)
_any = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode
_ID_IN_TEXT = re.compile(rb'"messageId"\s*:\s*"([^"\\]{1,200})"')
# Only a number this long can be beyond 64 bits.
_MANY_DIGITS = re.compile(rb"[0-9]{19}")
NewId = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Body:
    """A request's JSON, split into messages that are not yet read: raw bytes, or objects after the patient reader."""

    messages: list[Any]
    sent_at: Any
    write_key: str | None
    group: str | int | None
    suspicious: bool
    too_deep: dict[int, str]


def open_batch(body: bytes) -> Body:
    """Split a ``/v1/batch`` body. Raises ``MalformedError`` or ``TooManyMessagesError``."""
    found, too_deep = _read(body, _envelope.decode)
    if isinstance(found, _Envelope):
        messages: Any = found.batch
        sent_at, write_key, context = found.sentAt, found.writeKey, found.context
    else:
        if not isinstance(found, dict) or not isinstance(found.get("batch"), list):
            raise MalformedError("the body must be an object whose batch is an array of messages")
        messages = found["batch"]
        sent_at, write_key, context = found.get("sentAt"), found.get("writeKey"), found.get("context")
    if len(messages) > MAX_BATCH_MESSAGES:
        raise TooManyMessagesError
    group = context.get("groupId") if isinstance(context, dict) else None
    return Body(
        messages=messages,
        sent_at=sent_at,
        write_key=write_key if isinstance(write_key, str) else None,
        group=group if isinstance(group, str | int) and not isinstance(group, bool) else None,
        suspicious=b"\\u0000" in body,
        too_deep=too_deep,
    )


def open_single(body: bytes) -> Body:
    """The body of ``/v1/track`` and its like: one message that carries its own ``sentAt`` and ``writeKey``."""
    found, too_deep = _read(b'{"batch":[' + body + b"]}", _envelope.decode)
    messages: Any = found.batch if isinstance(found, _Envelope) else found.get("batch")
    if len(messages) != 1:
        raise MalformedError("the body must be one JSON object")
    try:
        whole = messages[0] if isinstance(messages[0], dict) else _any.decode(messages[0])
    except (msgspec.MsgspecError, RecursionError, ValueError):
        whole = None  # the reason is given when the message itself is read
    if not isinstance(whole, dict) and not too_deep:
        if whole is not None:
            raise MalformedError("the body must be one JSON object")
        whole = {}
    write_key = (whole or {}).get("writeKey")
    return Body(
        messages=messages,
        sent_at=None,
        write_key=write_key if isinstance(write_key, str) else None,
        group=None,
        suspicious=b"\\u0000" in body,
        too_deep=too_deep,
    )


def _read(body: bytes, decode: Callable[[bytes], Any]) -> tuple[Any, dict[int, str]]:
    """Decode quickly; where that fails, patiently, so that one bad message does not cost the others."""
    try:
        return decode(body), {}
    except RecursionError:
        body, too_deep = hostile.without_deep_messages(body)
        try:
            return decode(body), too_deep
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise MalformedError(str(error)) from error
    except msgspec.ValidationError as error:
        raise MalformedError(str(error)) from error
    except (msgspec.MsgspecError, ValueError) as quick:
        try:
            return hostile.read_patiently(body), {}
        except RecursionError as error:
            raise MalformedError("it is nested too deeply") from error
        except ValueError as error:
            raise MalformedError(str(error) if isinstance(error, json.JSONDecodeError) else str(quick)) from error


def normalise(body: Body, *, clock: Clock, kind: str | None, new_id: NewId) -> Parsed:
    """Read every message of ``body``; ``kind`` is the type that the address names, None for a batch."""
    kept: list[tuple[int, Arrived]] = []
    rejected: list[Rejection] = []
    batch_sent = _optional_moment(body.sent_at)
    for index, raw in enumerate(body.messages):
        try:
            if index in body.too_deep:
                raise _RefusedError(body.too_deep[index])
            message = _decode(raw, suspicious=body.suspicious)
            kept.append((index, _arrived(message, kind, batch_sent, body.group, clock, new_id)))
        except _RefusedError as refusal:
            rejected.append(Rejection(index, _id_of(raw), str(refusal)))
    return _encoded(kept, rejected)


def _encoded(kept: list[tuple[int, Arrived]], rejected: list[Rejection]) -> Parsed:
    return Parsed(_encode([message for _, message in kept]), len(kept), rejected)


def _decode(raw: Any, *, suspicious: bool) -> _Message:
    if not isinstance(raw, msgspec.Raw):
        return _from_object(raw)
    text = bytes(raw)
    if len(text) > MAX_MESSAGE_BYTES:
        raise _RefusedError(f"larger than {MAX_MESSAGE_BYTES // 1024} KB")
    if text[:1] != b"{":
        raise _RefusedError("not a JSON object")
    if text.count(b"{") + text.count(b"[") > hostile.MAX_DEPTH or (suspicious and b"\\u0000" in text):
        return _from_object(_patiently(text))
    try:
        return _message.decode(text)
    except msgspec.ValidationError as error:
        raise _RefusedError(str(error)) from error
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _from_object(_patiently(text))


def _patiently(text: bytes) -> Any:
    try:
        return hostile.read_patiently(text)
    except RecursionError as error:
        raise _RefusedError("nested too deeply") from error
    except ValueError as error:
        raise _RefusedError(f"not readable as JSON: {error}") from error


def _from_object(found: Any) -> _Message:
    if not isinstance(found, dict):
        raise _RefusedError("not a JSON object")
    problem = hostile.problem_in(found)
    if problem is not None:
        raise _RefusedError(problem)
    if len(_encode(found)) > MAX_MESSAGE_BYTES:
        raise _RefusedError(f"larger than {MAX_MESSAGE_BYTES // 1024} KB")
    try:
        return msgspec.convert(found, _Message)
    except msgspec.ValidationError as error:
        raise _RefusedError(str(error)) from error


def _arrived(
    message: _Message, kind: str | None, batch_sent: int | None, group: str | int | None, clock: Clock, new_id: NewId
) -> Arrived:
    word = kind or message.type or ""
    code = KINDS.get(word)
    if code is None:
        raise _RefusedError(f"type must be one of {', '.join(KINDS)}")
    context = message.context
    contact = _key(message.userId, "userId")
    anonymous = _key(message.anonymousId, "anonymousId")
    customer = _key(message.groupId, "groupId")
    if customer is None and code != ALIAS:
        customer = _key(context.groupId if context is not None and context.groupId else group, "context.groupId")
    if contact is None and anonymous is not None:
        contact = ANONYMOUS + anonymous
    data: Any = message.traits if code else message.properties
    if code == IDENTIFY and not data and context is not None and isinstance(context.traits, dict):
        data = context.traits  # where RudderStack's SDKs put them
    name, value = "", None
    if code == EVENT:
        name = _event_name(message, word)
        value = _value(data)
    elif code == ALIAS:
        name = _key(message.previousId, "previousId") or ""
        if not name:
            raise _RefusedError("previousId is needed")
    if code == GROUP:
        if customer is None:
            raise _RefusedError("groupId is needed")
    elif contact is None:
        raise _RefusedError("userId or anonymousId is needed")
    encoded = _encode(data)
    if _MANY_DIGITS.search(encoded) and (problem := hostile.problem_in(data)):
        raise _RefusedError(problem)
    message_id = _key(message.messageId, "messageId") or new_id()
    linked = anonymous if code == IDENTIFY and message.userId else None
    at = _occurred(message, batch_sent, clock)
    return Arrived(code, message_id, contact, customer, name, at, value, msgspec.Raw(encoded), linked)


def _key(value: str | int | None, field: str) -> str | None:
    if value is None or value == "":
        return None
    text = value if type(value) is str else str(value)
    if len(text) > MAX_ID:
        raise _RefusedError(f"{field} is longer than {MAX_ID} characters")
    return text


def _event_name(message: _Message, word: str) -> str:
    if word == "track":
        if not message.event:
            raise _RefusedError("event is needed: the name of what happened")
        name = message.event
    else:
        shown = " ".join(part for part in (message.category, message.name) if part)
        name = f"Viewed {shown} {word}" if shown else f"Viewed a {word}"
    if len(name) > MAX_NAME:
        raise _RefusedError(f"event is longer than {MAX_NAME} characters")
    return name


def _value(properties: dict[str, Any] | None) -> float | None:
    if not properties:
        return None
    value = properties.get("value")
    if type(value) is float:
        return value
    return float(value) if type(value) is int and abs(value) < 2**63 else None


def _occurred(message: _Message, batch_sent: int | None, clock: Clock) -> int:
    """``receivedAt − (sentAt − originalTimestamp)`` when both are given; never later than the receipt."""
    original = message.originalTimestamp or message.timestamp
    if original is None:
        return clock.received
    try:
        at = parse_micros(original)
    except (ValueError, OverflowError) as error:
        raise _RefusedError(f"timestamp {original[:40]!r} is no ISO 8601 time") from error
    sent = _optional_moment(message.sentAt) if message.sentAt is not None else batch_sent
    if sent is not None:
        at = clock.received - (sent - at)
    if at > clock.received:
        return clock.received
    if at < clock.received - clock.retention:
        days = clock.retention // 86_400_000_000
        raise _RefusedError(f"older than the {days} days for which events are kept")
    return at


def _optional_moment(value: Any) -> int | None:
    """``sentAt`` only corrects clocks: one that cannot be read is as good as none."""
    if not isinstance(value, str):
        return None
    try:
        return parse_micros(value)
    except (ValueError, OverflowError):
        return None


def _id_of(raw: Any) -> str | None:
    if isinstance(raw, dict):
        found = raw.get("messageId")
        return found[:MAX_ID].encode("utf-8", "replace").decode() if isinstance(found, str) else None
    if isinstance(raw, msgspec.Raw):
        match = _ID_IN_TEXT.search(bytes(raw))
        return match.group(1).decode("utf-8", "replace") if match else None
    return None
