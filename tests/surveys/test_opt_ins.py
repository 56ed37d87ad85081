"""Wishes beside the answer: without effect until the mailbox's owner confirms them, and telling nobody anything."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys import tasks
from surveys.models import OptIn, OptInRequest, Suppression, SuppressionReason, Survey
from surveys.public import checks
from surveys.public.tokens import test_token as tried
from surveys.services import lifecycle, opt_ins, publishing, suppressing
from tests.factories import NOW, make_workspace
from tests.surveys.factories import answer, make_survey
from tests.surveys.test_receipts import answered

pytestmark = pytest.mark.django_db(transaction=True)
LEAD = "lead@customer.example"


@pytest.fixture
def house() -> Workspace:
    cache.clear()
    return make_workspace()


@pytest.fixture
def survey(house: Workspace) -> Survey:
    with workspace_scope(house):
        return make_survey()


def wish(address: str, email: str = LEAD, *wishes: str, **extra: Any) -> Any:
    return Client(**extra).post(address, {**dict.fromkeys(wishes or ("wants_results",), "1"), "email": email})


def mailed(house: Workspace) -> list[str]:
    """Sends what waits; the paths of all links mailed so far."""
    opt_ins.mail_waiting(workspace_id=house.pk)
    found = [re.search(r"https?://[^/\s]+(/s/\S+/confirm/\S+)", str(message.body)) for message in mail.outbox]
    return [match[1] for match in found if match]


def kept(house: Workspace) -> list[tuple[str, bool, bool, bool]]:
    with workspace_scope(house):
        rows = OptIn.objects.order_by("email")
        return [(row.email, row.wants_results, row.wants_next, row.wants_peers) for row in rows]


def requests(house: Workspace) -> list[OptInRequest]:
    with workspace_scope(house):
        return list(OptInRequest.objects.all())


def press(path: str, says: str = "confirm") -> str:
    return Client().post(path, {"answer": says}, follow=True).content.decode()


def test_a_wish_has_no_effect_until_its_link_was_opened_and_the_button_pressed(
    house: Workspace, survey: Survey
) -> None:
    address, _ = answered(Client())
    page = wish(address, " Lead@Customer.Example ").content.decode()
    assert "One step left" in page
    assert kept(house) == []
    (link,) = mailed(house)
    assert mail.outbox[0].to == [LEAD]
    for method in (Client().get, Client().head):
        assert method(link).status_code == 200
    assert kept(house) == []
    assert "Confirmed" in press(link)
    assert kept(house) == [(LEAD, True, False, False)]


def test_what_is_kept_leads_to_no_answer(house: Workspace, survey: Survey) -> None:
    address, _ = answered(Client())
    wish(address)
    press(mailed(house)[0])
    for model in (OptIn, OptInRequest):
        names = {field.name for field in model._meta.get_fields()}
        assert not {"response", "response_id", "receipt_hash", "sender_hash", "at", "created_at"} & names
        with workspace_scope(house):
            assert model.objects.get().pk.version == 4


def test_a_confirmed_request_keeps_no_address_and_says_the_same_again(house: Workspace, survey: Survey) -> None:
    address, _ = answered(Client())
    wish(address, LEAD, "wants_next", "wants_peers")
    (link,) = mailed(house)
    press(link)
    (request,) = requests(house)
    assert (request.email, request.wants_next, request.wants_peers, request.challenge) == ("", False, False, None)
    assert "Confirmed" in press(link)
    assert "Confirmed" in press(link, "decline")
    assert kept(house) == [(LEAD, False, True, True)]


def test_wishes_add_up_and_only_those_shown_are_confirmed(house: Workspace, survey: Survey) -> None:
    address, _ = answered(Client())
    wish(address, LEAD, "wants_next")
    (first,) = mailed(house)
    wish(address, LEAD, "wants_peers")
    assert "Introduce me" not in Client().get(first).content.decode()
    press(first)
    assert kept(house) == [(LEAD, False, True, False)]
    second = next(link for link in mailed(house) if link != first)
    assert "Your challenge: Siloed data." in Client().get(second).content.decode()
    press(second)
    assert kept(house) == [(LEAD, False, True, True)]
    with workspace_scope(house):
        assert OptIn.objects.get().challenge == 3


def test_whoever_was_not_meant_says_so_once_and_for_all(house: Workspace, survey: Survey) -> None:
    address, _ = answered(Client())
    wish(address)
    wish(address, LEAD, "wants_next")
    link, other = mailed(house)
    assert "address is deleted" in press(link, "decline")
    assert kept(house) == []
    with workspace_scope(house):
        assert Suppression.objects.get().email == LEAD
    assert Client().get(other).status_code == 410
    wish(address)
    assert len(mailed(house)) == 2


def test_every_address_gets_the_same_words(house: Workspace, survey: Survey) -> None:
    address, _ = answered(Client())
    with workspace_scope(house):
        reason = SuppressionReason.BOUNCED
        suppressing.suppress(email="gone@b.example", reason=reason, actor=audit.SYSTEM, now=NOW)
    said = [wish(address, "new@b.example").content.decode() for _ in range(5)]
    said.append(wish(address, "gone@b.example").content.decode().replace("gone@", "new@"))
    assert len(set(said)) == 1
    assert len(mailed(house)) == opt_ins.MOST_PENDING
    assert {message.to[0] for message in mail.outbox} == {"new@b.example"}


def test_one_network_cannot_have_many_addresses_written_to(
    house: Workspace, survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "ASKS_PER_WINDOW", 2)
    address, _ = answered(Client())
    with time_machine.travel(datetime.now(UTC), tick=False):
        pages = [wish(address, f"{n}@b.example", REMOTE_ADDR="203.0.113.9") for n in range(4)]
    assert [page.status_code for page in pages] == [200, 200, 429, 429]
    assert "2@b.example" in pages[2].content.decode()
    assert int(pages[2]["Retry-After"]) > 0
    assert len(mailed(house)) == 2


def test_after_a_week_the_link_is_over_and_the_sweep_deletes_the_address(house: Workspace, survey: Survey) -> None:
    address, _ = answered(Client())
    wish(address)
    (link,) = mailed(house)
    asked = datetime.now(UTC)
    with time_machine.travel(asked + timedelta(days=7), tick=False):
        assert Client().get(link).status_code == 200
        tasks.forget()
        assert len(requests(house)) == 1
    with time_machine.travel(asked + timedelta(days=8), tick=False):
        for method in (Client().get, Client().post):
            page = method(link)
            assert page.status_code == 410
            assert "does not work any more" in page.content.decode()
        tasks.forget()
    assert requests(house) == []
    assert kept(house) == []


def test_a_link_we_did_not_sign_or_of_another_survey_is_none(house: Workspace, survey: Survey) -> None:
    address, _ = answered(Client())
    wish(address)
    (link,) = mailed(house)
    token = link.split("/")[4]
    with workspace_scope(house):
        make_survey(slug="another")
    assert Client().get(f"/s/top/confirm/{token[:-2]}xx/").status_code == 404
    assert Client().post(f"/s/another/confirm/{token}/").status_code == 410
    assert kept(house) == []


def test_the_mail_speaks_the_respondents_language_as_text_and_html(house: Workspace, survey: Survey) -> None:
    for language in ("fr", "de"):
        mail.outbox.clear()
        address, _ = answered(Client(), path=f"/s/top/?lang={language}")
        wish(address, f"{language}@b.example")
        link = mailed(house)[-1]
        assert link.endswith(f"?lang={language}")
        (message,) = mail.outbox
        html, kind = map(str, message.alternatives[0])  # type: ignore[union-attr]  # wider in the types than it can be here
        assert kind == "text/html"
        assert f'<html lang="{language}">' in html
        assert link in html
        assert f'lang="{language}"' in Client().get(link).content.decode()


def test_a_mail_server_that_is_away_is_asked_again(
    house: Workspace, survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, _ = answered(Client())
    wish(address)

    def away(*_: Any, **__: Any) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMultiAlternatives.send", away)
        assert opt_ins.mail_waiting(workspace_id=house.pk) == 0
    tasks.mail_confirmations(str(house.pk))
    assert len(mail.outbox) == 1
    assert opt_ins.mail_waiting(workspace_id=house.pk) == 0


def test_the_sweep_mails_what_a_lost_broker_forgot(
    house: Workspace, survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveys.tasks.mail_confirmations.delay", lambda *_: None)
    address, _ = answered(Client())
    wish(address)
    assert mail.outbox == []
    tasks.sweep()
    assert len(mail.outbox) == 1


def test_addresses_given_before_confirming_was_asked_for_stay_valid(house: Workspace, survey: Survey) -> None:
    with workspace_scope(house):
        OptIn.objects.create(
            workspace=house, survey=survey, email="old@b.example", wants_results=True, given_on=NOW.date()
        )
        for n in range(10):
            answer(survey, "value", now=NOW + timedelta(minutes=n))
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
        publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
    tasks.sweep()
    assert [message.to for message in mail.outbox] == [["old@b.example"]]


def test_a_test_answer_mails_nobody(house: Workspace, survey: Survey) -> None:
    address, _ = answered(Client(), path=f"/s/top/?test={tried(survey.pk)}")
    assert "This was a test" in wish(address).content.decode()
    assert requests(house) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": "a@b.example"}, "Tick at least one"),
        ({"wants_next": "1", "email": "nobody"}, "not a whole e-mail address"),
        ({"wants_next": "1", "email": ""}, "not a whole e-mail address"),
        ({"wants_next": "1", "email": "a\0@b.example"}, "not a whole e-mail address"),
        ({"wants_next": "1", "email": f"{'a' * 300}@b.example"}, "not a whole e-mail address"),
    ],
)
def test_wishes_with_a_fault_keep_what_was_typed(
    house: Workspace, survey: Survey, fields: dict[str, str], words: str
) -> None:
    address, _ = answered(Client())
    page = Client().post(address, fields)
    assert page.status_code == 422
    assert words in page.content.decode()
    with workspace_scope(house):
        assert not OptInRequest.objects.exists()


def test_wishes_need_an_answer_just_given(house: Workspace, survey: Survey) -> None:
    page = Client().post("/s/top/thanks/?t=forged", {"wants_next": "1", "email": "a@b.example"})
    assert page.status_code == 400
    with workspace_scope(house):
        assert not OptInRequest.objects.exists()
