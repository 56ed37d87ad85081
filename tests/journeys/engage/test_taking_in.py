"""Files matched to customers by address and domain, logged once."""

from __future__ import annotations

from datetime import timedelta

from accounts.models import Customer
from csplatform.core import audit
from journeys.models import Engagement
from journeys.services import engagement_files
from journeys.services.engagement_files import Taken
from tests import factories
from tests.journeys.engage.conftest import NOW, Town


def letter(sender: str, *to: str, about: str = "Hello") -> bytes:
    head = f"From: {sender}\r\nTo: {', '.join(to)}\r\nDate: Mon, 1 Jun 2026 12:00:00 +0200\r\nSubject: {about}"
    return f"{head}\r\n\r\nWords".encode()


def take(content: bytes, name: str = "a.eml", customer: Customer | None = None) -> Taken:
    (taken,) = engagement_files.take_in(files=[(name, content)], actor=audit.SYSTEM, now=NOW, customer=customer)
    return taken


def test_a_contacts_mail_to_us_is_theirs_and_names_them(town: Town) -> None:
    taken = take(letter("ann@loxley.example", "marian@kestrel.example"))
    assert taken.engagement is not None
    assert taken.engagement.direction == "customer_to_vendor"
    assert taken.engagement.by_id == town.csm.pk
    assert [link.contact_id for link in taken.engagement.contacts.all()] == [town.ann.pk]
    assert taken.customers == (town.mills,)


def test_a_stranger_of_a_known_domain_is_the_customer_though_no_contact(town: Town) -> None:
    taken = take(letter("marian@kestrel.example", "new@loxley.example", "press@paper.example"))
    assert taken.engagement is not None
    assert taken.engagement.direction == "vendor_to_customer"
    assert not taken.engagement.contacts.exists()
    assert taken.strangers == ("press@paper.example",)


def test_customers_among_themselves_and_with_others(town: Town) -> None:
    among = take(letter("ann@loxley.example", "bob@freight.example"))
    other = take(letter("ann@loxley.example", "press@paper.example", about="Interview"))
    assert among.engagement is not None
    assert other.engagement is not None
    assert among.engagement.direction == "customer_to_customer"
    assert other.engagement.direction == "customer_to_third_party"
    assert other.engagement.third_party == "press@paper.example"


def test_the_same_file_twice_is_logged_once(town: Town) -> None:
    first, second = (take(letter("ann@loxley.example", "marian@kestrel.example")) for _time in range(2))
    assert first.is_new
    assert not second.is_new
    assert Engagement.objects.count() == 1


def test_what_belongs_to_nobody_is_named_and_not_logged(town: Town) -> None:
    taken = take(letter("x@nowhere.example", "marian@kestrel.example", about="Spam"))
    assert taken.engagement is None
    assert "Spam" in taken.reason
    assert taken.strangers == ("x@nowhere.example",)


def test_dropped_on_a_customer_it_belongs_there(town: Town) -> None:
    taken = take(letter("x@nowhere.example", "marian@kestrel.example"), customer=town.mills)
    assert taken.customers == (town.mills,)


def test_a_domain_that_two_customers_share_names_neither(town: Town) -> None:
    factories.make_customer("Loxley Mills UK", domain="loxley.example")
    assert take(letter("new@loxley.example", "marian@kestrel.example")).engagement is None


def test_a_meeting_to_come_is_not_yet_an_engagement(town: Town) -> None:
    later = NOW + timedelta(days=3)
    ics = f"BEGIN:VEVENT\nSUMMARY:QBR\nDTSTART:{later:%Y%m%dT%H%M%SZ}\nORGANIZER:mailto:ann@loxley.example\nEND:VEVENT"
    taken = take(ics.encode(), name="m.ics")
    assert taken.engagement is None
    assert "QBR" in taken.reason


def test_other_files_are_refused_by_name(town: Town) -> None:
    taken = take(b"MZ", name="virus.exe")
    assert (taken.name, taken.engagement) == ("virus.exe", None)
    assert ".eml" in taken.reason
