"""Where webhooks may go: public addresses only, however a private one is spelt, hidden behind a name or a redirect."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Failure
from accounts.webhooks.addresses import Fault, Target, target
from accounts.webhooks.posting import Answer, post
from tests.accounts.webhooks.conftest import Receiver

PRIVATE = [
    "127.0.0.1",
    "2130706433",  # decimal
    "0x7f000001",  # hexadecimal
    "0x7f.0.0.1",
    "0177.0.0.1",  # octal
    "017700000001",
    "127.1",  # short
    "0",
    "0.0.0.0",
    "10.0.0.7",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",  # the metadata service of clouds
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[2002:7f00:1::]",  # 6to4
    "[fe80::1]",
    "[fec0::1]",
    "[fd00::1]",
    "[ff02::1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "db.localhost",
    "printer.local",
    "metadata.google.internal",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_no_spelling_of_a_private_address_is_taken(host: str) -> None:
    assert target(f"https://{host}/hooks", ()) is Fault.NOT_PUBLIC
    assert send(f"https://{host}:8443/hooks").error == Failure.NOT_PUBLIC


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://example.com/hooks", Fault.NOT_HTTPS),
        ("https://someone:secret@example.com/", Fault.CREDENTIALS),
        ("https://example.com@127.0.0.1/", Fault.CREDENTIALS),
        ("ftp://example.com/", Fault.MALFORMED),
        ("file:///etc/passwd", Fault.MALFORMED),
        ("gopher://example.com/", Fault.MALFORMED),
        ("example.com/hooks", Fault.MALFORMED),
        ("https://", Fault.MALFORMED),
        ("https://[::1/", Fault.MALFORMED),
        ("https://example.com:99999/", Fault.MALFORMED),
        ("https://exa mple.com/", Fault.MALFORMED),
        ("https://example.com\\@127.0.0.1/", Fault.MALFORMED),
        ("https://example.com/\r\nHost: other", Fault.MALFORMED),
        ("https://[fe80::1%25eth0]/", Fault.MALFORMED),
        ("https://example.com/" + "a" * 2000, Fault.MALFORMED),
    ],
)
def test_other_addresses_are_refused_with_the_reason(url: str, fault: Fault) -> None:
    assert target(url, ()) is fault


def test_public_addresses_are_taken() -> None:
    assert target("https://example.com/hooks?a=1", ()) == Target("example.com", 443, is_named=False)
    assert target("https://93.184.215.14:8443/", ()) == Target("93.184.215.14", 8443, is_named=False)
    assert target("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/", ()) != Fault.NOT_PUBLIC


@pytest.mark.parametrize("named", ["inside.example", "inside.example:8080"])
def test_a_named_host_may_be_private_and_without_tls(named: str) -> None:
    assert target("http://inside.example:8080/hooks", [named]) == Target("inside.example", 8080, is_named=True)
    assert target("http://other.example:8080/hooks", [named]) is Fault.NOT_HTTPS


def test_a_named_port_opens_no_other() -> None:
    assert target("https://127.0.0.1:5432/", ["127.0.0.1:8080"]) is Fault.NOT_PUBLIC


@pytest.mark.parametrize("resolved", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"])
def test_a_name_that_leads_to_a_private_address_is_refused_before_connecting(
    resolved: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        family = socket.AF_INET6 if ":" in resolved else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (resolved, receiver.port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    answer = send(f"https://hooks.example.com:{receiver.port}/")
    assert (answer.error, answer.status) == (Failure.NOT_PUBLIC, None)
    assert asked == ["hooks.example.com"]
    assert receiver.received == []


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.answers(302, {"Location": receiver.url + "/elsewhere"}, b"x" * 10_000)
    answer = send(receiver.url, named=[f"127.0.0.1:{receiver.port}"])
    assert (answer.status, answer.error) == (302, Failure.STATUS)
    assert [request.path for request in receiver.received] == ["/hooks"]


def test_a_name_nobody_knows_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert send("https://nowhere.example/").error == Failure.UNKNOWN_HOST
    assert send("http://nowhere.example/", named=["nowhere.example"]).error == Failure.UNKNOWN_HOST
    assert send("https://" + "a" * 70 + ".example/").error == Failure.UNKNOWN_HOST


def test_a_closed_port_and_a_certificate_that_is_none_are_told_apart(receiver: Receiver) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    assert send(f"http://127.0.0.1:{closed}/", named=["127.0.0.1"]).error == Failure.CONNECTION
    assert send(f"https://127.0.0.1:{receiver.port}/", named=["127.0.0.1"]).error in (Failure.TLS, Failure.CONNECTION)


def test_what_a_receiver_says_is_kept_short_and_readable(receiver: Receiver) -> None:
    receiver.answers(500, {}, b"\x00\xff no \x1b[31m" + b"x" * 5_000_000)
    answer = send(receiver.url, named=["127.0.0.1"])
    assert answer.status == 500
    assert len(answer.excerpt) == 500
    assert "\0" not in answer.excerpt
    assert "\x1b" not in answer.excerpt


@pytest.fixture
def dripping() -> Iterator[int]:
    """A server that sends a byte of an endless header every tenth of a second; gives its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _address = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while True:
                    connection.sendall(b"a")
                    time.sleep(0.1)
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.close()
    thread.join(5)


def test_a_receiver_that_drips_is_cut_off(dripping: int) -> None:
    """Each byte begins a socket's timeout anew, so the whole exchange has an end of its own."""
    started = time.monotonic()
    answer = post(url=f"http://127.0.0.1:{dripping}/", body=b"{}", headers={}, named=["127.0.0.1"], allowed_seconds=0.5)
    assert answer.error == Failure.TIMEOUT
    assert time.monotonic() - started < 5


def send(url: str, named: list[str] | None = None) -> Answer:
    return post(url=url, body=b"{}", headers={"webhook-id": "msg_1"}, named=named or ())
