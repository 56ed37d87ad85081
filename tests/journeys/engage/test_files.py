"""E-mail and calendar files, honest and hostile."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.engagement import calendar, mail, plain
from journeys.engagement.files import MAX_BODY, MAX_BYTES, MAX_ENTRIES, Spoken, UnreadableError

HEAD = b"From: Ann <Ann@loxley.example>\r\nTo: marian@kestrel.example\r\nDate: Mon, 1 Jun 2026 12:00:00 +0200\r\n"


def test_a_mail_says_who_what_and_when() -> None:
    told = mail.read(HEAD + b"Message-ID: <1@x>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\nthere")
    assert told.sender is not None
    assert (told.sender.address, told.sender.name) == ("ann@loxley.example", "Ann")
    assert [each.address for each in told.others] == ["marian@kestrel.example"]
    assert (told.subject, told.body) == ("Grüße", "Hello\nthere")
    assert told.occurred_at == datetime(2026, 6, 1, 10, tzinfo=UTC)


def test_the_same_message_has_the_same_key_whatever_way_it_came() -> None:
    one = mail.read(HEAD + b"Message-ID: <1@x>\r\n\r\nA")
    other = mail.read(HEAD + b"Received: by way\r\nMessage-ID: <1@x>\r\n\r\nA")
    assert one.key == other.key


def test_html_alone_becomes_text_without_scripts() -> None:
    html = b"<html><head><title>T</title></head><body><p>One</p><script>alert(1)</script><p>Two &amp; three</p></body>"
    told = mail.read(HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html)
    assert told.body == "One\n\nTwo & three"


@pytest.mark.parametrize("charset", [b"utf-8", b"klingon", b"\xff\xfe", b"utf-16", b"idna", b"zlib"])
def test_a_wrong_charset_loses_letters_but_not_the_mail(charset: bytes) -> None:
    told = mail.read(HEAD + b"Content-Type: text/plain; charset=" + charset + b"\r\n\r\nCaf\xe9 \x00 ok")
    assert "\x00" not in told.body
    assert told.body.encode()


def test_attachments_are_not_the_text() -> None:
    body = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n"
        b"Content-Disposition: attachment\r\n\r\nsecret\r\n--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n--b--\r\n"
    )
    assert mail.read(HEAD + body).body == "words"


def test_bombs_are_refused_or_cut() -> None:
    with pytest.raises(UnreadableError, match="larger"):
        mail.read(b"x" * (MAX_BYTES + 1))
    deep = HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3_000)
    )
    with_limit(deep)
    wide = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n\r\n" * 50_000
    assert mail.read(wide).body == ""
    assert len(mail.read(HEAD + b"\r\n" + b"long " * 900_000).body) == MAX_BODY


def with_limit(content: bytes) -> None:
    """Read or refused, never anything else."""
    try:
        mail.read(content)
    except UnreadableError:
        return


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "no sender"), (b"\x00\x01\x02", "no sender"), (b"From: a@b.example\r\n\r\nHi", "no readable date")],
)
def test_what_is_no_mail_is_refused_with_a_reason(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        mail.read(content)


@given(st.binary(max_size=400))
def test_no_bytes_do_harm(content: bytes) -> None:
    with_limit(HEAD + content)
    with suppress(UnreadableError):
        calendar.read(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + content + b"\nEND:VEVENT")
    plain.from_html(content.decode("latin-1"))


ICS = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:42@kestrel
DTSTART;TZID=Europe/Paris:20260601T120000
SUMMARY:Review\\, second
 part
DESCRIPTION:First\\nsecond
ORGANIZER;CN="Marian, F.":mailto:Marian@kestrel.example
ATTENDEE;CN=Ann:mailto:ann@loxley.example
BEGIN:VALARM
DESCRIPTION:Beep
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def test_a_meeting_says_who_what_and_when() -> None:
    (told,) = calendar.read(ICS.replace("\n", "\r\n").encode())
    assert isinstance(told, Spoken)
    assert (told.subject, told.body) == ("Review, secondpart", "First\nsecond")
    assert told.occurred_at == datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert told.sender is not None
    assert (told.sender.address, told.sender.name) == ("marian@kestrel.example", "Marian, F.")
    assert [each.address for each in told.others] == ["ann@loxley.example"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("DTSTART:20260601", None),
        ("DTSTART;TZID=Middle Earth/Shire:20260601T120000", None),
        ("DTSTART:tomorrow", "no readable date"),
        ("DTSTART:99999999T999999Z", "no readable date"),
    ],
)
def test_dates_are_read_or_refused_by_name(line: str, words: str | None) -> None:
    (told,) = calendar.read(f"BEGIN:VEVENT\nSUMMARY:Review\n{line}\nEND:VEVENT\n".encode())
    if words is None:
        assert isinstance(told, Spoken)
    else:
        assert words in str(told)
        assert "Review" in str(told)


def test_cancelled_meetings_and_too_many_are_left_out() -> None:
    one = "BEGIN:VEVENT\nDTSTART:20260601\nSTATUS:CANCELLED\nEND:VEVENT\n"
    assert isinstance(calendar.read(one.encode())[0], UnreadableError)
    assert len(calendar.read((one * (MAX_ENTRIES * 3)).encode())) == MAX_ENTRIES
    with pytest.raises(UnreadableError, match="no meeting"):
        calendar.read(b"BEGIN:VCALENDAR\nEND:VCALENDAR")
