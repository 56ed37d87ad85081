"""Who hears of an alert, where and when; and that each hears of it once."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail.backends.locmem import EmailBackend

from accounts.models import Customer, Workspace
from accounts.models.customers import TeamRole
from accounts.roles import Role
from accounts.services import deletion, members
from csplatform.core.tenancy import workspace_scope
from health.alerts import deeds, opening, selectors, sending, wishes
from health.models import (
    Alert,
    AlertChannel,
    AlertDelivery,
    AlertKind,
    AlertMute,
    AlertPace,
    AlertState,
)
from tests import factories
from tests.health.alerts.uses import (
    BY,
    DAY,
    NOW,
    alerted,
    band_changes,
    customer,
    looked_after_by,
    pass_on,
    route,
    send,
)

pytestmark = pytest.mark.django_db
MORNING = NOW + timedelta(hours=21)  # Wednesday, 08:00 in Paris


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


def the_mail() -> mail.EmailMultiAlternatives:
    (letter,) = mail.outbox
    assert isinstance(letter, mail.EmailMultiAlternatives)
    return letter


def test_without_any_route_the_csm_sees_it_at_once_and_gets_one_mail_in_the_morning(workspace: Workspace) -> None:
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        for name in ("Nottingham Freight", "Trent Valley Foods"):
            of = customer(name)
            looked_after_by(member, of)
            alerted(of)
        pass_on()
        assert selectors.unread(member) == 2
    assert send(workspace) == 0
    assert send(workspace, MORNING) == 1
    letter = the_mail()
    assert letter.to == [member.user.email]
    assert "2 alerts" in letter.subject
    assert "Trent Valley Foods" in letter.body
    assert "/settings/alerts/" in letter.body
    assert "Fell from healthy to watch, with 60 points." in letter.body
    assert letter.alternatives[0][1] == "text/html"
    assert send(workspace, MORNING) == 0


def test_the_mail_speaks_the_language_of_who_receives_it(workspace: Workspace) -> None:
    member = factories.make_member(workspace)
    member.user.language = "de"
    member.user.save()
    with workspace_scope(workspace):
        of = customer()
        looked_after_by(member, of)
        alerted(of)
        pass_on()
    send(workspace, MORNING)
    assert 'lang="de"' in str(the_mail().alternatives[0][0])


def test_where_nobody_holds_the_place_the_managers_of_customer_success_hear_of_it(workspace: Workspace) -> None:
    manager = factories.make_member(workspace, Role.MANAGER)
    factories.make_member(workspace, Role.OWNER)
    with workspace_scope(workspace):
        alerted(customer())
        pass_on()
        assert set(AlertDelivery.objects.values_list("member", flat=True)) == {manager.pk}


def test_a_route_takes_what_it_says_and_nothing_else(workspace: Workspace) -> None:
    seller = factories.make_member(workspace)
    with workspace_scope(workspace):
        route(kinds=[AlertKind.BAND_FELL], bands=["watch"], least_arr_minor=10_000_00, roles=[TeamRole.SALES])
        large, small = customer("Large"), customer("Small")
        Customer.objects.filter(pk=small.pk).update(arr_minor=9_999_99)
        for of in (large, small):
            looked_after_by(seller, of, TeamRole.SALES)
            alerted(of)
        alerted(large, kind=AlertKind.COVERAGE_LOST)
        pass_on()
        told = AlertDelivery.objects.get()
        assert (told.alert.customer_id, told.alert.kind, told.member_id) == (large.pk, AlertKind.BAND_FELL, seller.pk)


def test_two_routes_to_one_person_tell_it_once_and_the_quicker_one_counts(workspace: Workspace) -> None:
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        route(name="Slow", pace=AlertPace.DIGEST)
        route(name="Quick")
        of = customer()
        looked_after_by(member, of)
        alerted(of)
        pass_on()
        assert AlertDelivery.objects.count() == 1
    assert send(workspace) == 1
    assert send(workspace, MORNING) == 0


def test_a_person_chooses_how_and_when(workspace: Workspace) -> None:
    member = factories.make_member(workspace)
    asked: dict[str, Any] = {
        "wants_in_app": False,
        "wants_email": True,
        "email_pace": AlertPace.DIGEST,
        "digest_hour": 18,
        "only_weekdays": True,
        "time_zone": "America/New_York",
    }
    with workspace_scope(workspace):
        route(channels=[AlertChannel.EMAIL, AlertChannel.IN_APP])
        wishes.prefer(member=member, wishes=asked, actor=BY, now=NOW)
        of = customer()
        looked_after_by(member, of)
        alerted(of)
        pass_on()
        told = AlertDelivery.objects.get()
        assert told.due_at == NOW.replace(hour=22)
        wishes.prefer(member=member, wishes={**asked, "digest_hour": 12}, actor=BY, now=NOW)
        told.refresh_from_db()
        assert told.due_at == NOW.replace(hour=16)
        wishes.prefer(member=member, wishes={**asked, "wants_email": False}, actor=BY, now=NOW)
    assert send(workspace, NOW + 2 * DAY) == 0


def test_what_is_over_before_the_digest_is_not_mailed(workspace: Workspace) -> None:
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        of = customer()
        looked_after_by(member, of)
        band_changes(of, "healthy", "watch")
        pass_on()
        band_changes(of, "watch", "healthy", at=NOW + timedelta(hours=1))
        opening.settle(now=NOW + timedelta(hours=1))
        assert selectors.unread(member) == 0
    assert send(workspace, MORNING) == 0
    assert mail.outbox == []


def test_muted_alerts_are_counted_and_sent_to_nobody_until_the_mute_ends(workspace: Workspace) -> None:
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        of, other = customer(), customer("Other")
        looked_after_by(member, of)
        looked_after_by(member, other)
        alerted(other)
        until = NOW.date() + 7 * DAY
        deeds.mute(kind=AlertKind.BAND_FELL, customer_id=of.pk, reason="They migrate.", until=until, actor=BY, now=NOW)
        alert = alerted(of)
        pass_on()
        assert alert.state == AlertState.MUTED
        assert selectors.unread(member) == 1
        assert selectors.counts(member) == {AlertState.OPEN: 1, AlertState.MUTED: 1}
        assert [number for _mute, number in selectors.mutes(NOW.date())] == [1]
        opening.settle(now=NOW + 6 * DAY)
        pass_on(NOW + 6 * DAY)
        assert selectors.unread(member) == 1
        opening.settle(now=NOW + 7 * DAY)
        pass_on(NOW + 7 * DAY)
        assert selectors.unread(member) == 2


def test_muting_what_is_on_silences_it_and_undoing_brings_it_back(workspace: Workspace) -> None:
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        of = customer()
        looked_after_by(member, of)
        alerted(of)
        pass_on()
        told = deeds.mute(
            kind=AlertKind.BAND_FELL,
            customer_id=None,
            reason="New scorecard",
            until=NOW.date() + DAY,
            actor=BY,
            now=NOW,
        )
        assert Alert.objects.get().state == AlertState.MUTED
        assert selectors.unread(member) == 0
        deeds.unmute(mute_id=told.pk, actor=BY, now=NOW)
        assert Alert.objects.get().state == AlertState.OPEN
    assert send(workspace, MORNING) == 0


@pytest.mark.parametrize(("reason", "days"), [("", 7), ("Because", 0), ("Because", 400)])
def test_a_mute_needs_a_reason_and_an_end(workspace: Workspace, reason: str, days: int) -> None:
    with workspace_scope(workspace), pytest.raises(ValidationError):
        deeds.mute(
            kind=AlertKind.BAND_FELL,
            customer_id=None,
            reason=reason,
            until=NOW.date() + days * DAY,
            actor=BY,
            now=NOW,
        )
    with workspace_scope(workspace):
        assert not AlertMute.objects.exists()


def test_a_mail_server_that_is_away_delays_the_mail_and_loses_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        route()
        of = customer()
        looked_after_by(member, of)
        alerted(of)
        pass_on()

    def away(*_args: Any, **_named: Any) -> None:
        raise SMTPServerDisconnected

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", away)
        assert send(workspace) == 0
    assert send(workspace, NOW + timedelta(minutes=1)) == 1
    assert len(mail.outbox) == 1


def test_who_left_hears_nothing_more(workspace: Workspace) -> None:
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        of = customer()
        looked_after_by(member, of)
        alerted(of)
        pass_on()
        members.remove_member(membership=member, successor=None, actor=BY, may_manage_owners=True, now=NOW)
    assert send(workspace, MORNING) == 0
    with workspace_scope(workspace):
        assert not AlertDelivery.objects.filter(due_at__isnull=False).exists()


def test_deleting_a_customer_deletes_its_alerts(workspace: Workspace) -> None:
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        of = customer()
        looked_after_by(member, of)
        alerted(of)
        deeds.mute(kind=AlertKind.BAND_FELL, customer_id=of.pk, reason="Why", until=NOW.date() + DAY, actor=BY, now=NOW)
        deletion.delete_customer(customer_id=of.pk, actor=BY, now=NOW)
        assert not Alert.objects.exists()
        assert not AlertMute.objects.exists()


def test_a_worker_killed_after_sending_sends_again_under_the_same_message_id(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        route()
        of = customer()
        looked_after_by(member, of)
        alerted(of)
        pass_on()

    class Killed(BaseException):
        pass

    deliver = EmailBackend.send_messages

    def die_afterwards(backend: EmailBackend, messages: list[Any]) -> None:
        deliver(backend, messages)
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", die_afterwards)
        with pytest.raises(Killed):
            send(workspace)
    assert send(workspace, NOW + sending.CLAIMED_FOR) == 1
    first, second = (each.extra_headers["Message-ID"] for each in mail.outbox)
    assert first == second
    with workspace_scope(workspace):
        other = customer("Sherwood Timber")
        looked_after_by(member, other)
        alerted(other)
        pass_on()
    send(workspace, NOW + timedelta(hours=1))
    assert len({each.extra_headers["Message-ID"] for each in mail.outbox}) == 2


def test_sample_data_is_alerted_of_in_the_app_and_nowhere_else(workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(sample_since=NOW)
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        route(channels=[AlertChannel.IN_APP, AlertChannel.EMAIL])
        of = customer()
        looked_after_by(member, of)
        alerted(of)
        pass_on()
        assert set(AlertDelivery.objects.values_list("channel", flat=True)) == {AlertChannel.IN_APP}
    assert send(workspace, NOW + timedelta(days=2)) == 0
    assert mail.outbox == []


def test_alerts_that_have_been_over_for_long_are_deleted_with_what_was_sent_of_them(
    workspace: Workspace, settings: Any
) -> None:
    settings.ALERT_RETENTION_DAYS = 90
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        lately, long_ago, still_on = customer("Lately"), customer("Long ago"), customer("Still on")
        for of in (lately, long_ago, still_on):
            looked_after_by(member, of)
            alerted(of)
        pass_on()
        Alert.objects.filter(customer=lately).update(state=AlertState.RESOLVED, over_at=NOW - timedelta(days=89))
        Alert.objects.filter(customer=long_ago).update(state=AlertState.RESOLVED, over_at=NOW - timedelta(days=91))
        Alert.objects.filter(customer=still_on).update(began_at=NOW - timedelta(days=500))
        assert opening.forget(now=NOW) == 1
        assert opening.forget(now=NOW) == 0
        assert set(Alert.objects.values_list("customer__name", flat=True)) == {"Lately", "Still on"}
        assert not AlertDelivery.objects.exclude(alert__in=Alert.objects.all()).exists()


def test_a_worker_killed_after_claiming_loses_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    member = factories.make_member(workspace)
    with workspace_scope(workspace):
        route()
        of = customer()
        looked_after_by(member, of)
        alerted(of)
        pass_on()

    class Killed(BaseException):
        pass

    def die(*_args: Any, **_named: Any) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", die)
        with pytest.raises(Killed):
            send(workspace)
    assert send(workspace, NOW + timedelta(minutes=1)) == 0
    assert send(workspace, NOW + sending.CLAIMED_FOR) == 1
    assert len(mail.outbox) == 1
