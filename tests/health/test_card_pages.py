"""The editor of scorecards: nothing typed is lost, what stands in the way is named, and publishing says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Workspace
from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import selectors_cards
from health.card_form import read, typed_of
from health.models import HealthScore, Scorecard, ScorecardDraft, ScorecardVersion
from health.services import base_rate, drafts, scorecards, scoring
from tests import factories

pytestmark = pytest.mark.django_db
STATES = (("Under contract", "active"), ("Not yet", "none"))


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return signed_in(workspace, Role.ADMIN)


def signed_in(workspace: Workspace, role: Role) -> Client:
    client = Client()
    client.force_login(factories.make_member(workspace, role).user)
    return client


@pytest.fixture
def card(workspace: Workspace) -> Scorecard:
    with workspace_scope(workspace):
        return Scorecard.objects.get(is_default=True)


def form(workspace: Workspace, **changed: str) -> dict[str, str]:
    with workspace_scope(workspace):
        content = drafts.told_of(ScorecardVersion.objects.get().content)
    return {**typed_of(content), "draft_version": "0", **changed}


def page(card: Scorecard) -> str:
    return f"/health/scorecards/{card.pk}/"


def test_the_form_says_what_the_content_says(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        content = drafts.told_of(ScorecardVersion.objects.get().content)
    content["exceptions"] = [
        {
            "key": "none",
            "label": {"en": "No sponsor", "fr": "Sans sponsor"},
            "measure": "sponsor_present",
            "op": "=",
            "value": 0.0,
            "cap": "watch",
        }
    ]
    content["groups"][0]["weight"] = 12.5
    content["items"] = [{"scoring": "linear", **item} for item in content["items"]]
    found = read(typed_of(content))
    assert found.errors == {}
    assert found.content == content


def test_a_draft_is_saved_shown_published_and_told_in_the_history(
    client: Client, workspace: Workspace, card: Scorecard
) -> None:
    saved = client.post(page(card), form(workspace, **{"i0-weight": "20", "healthy": "80,5"}), follow=True)
    assert saved.status_code == 200
    text = saved.content.decode()
    assert "“Activity” weighs 20 instead of 10." in text
    assert "Healthy begins at 80.5 instead of 75." in text
    refused = client.post(f"{page(card)}publish/", {"why": " ", "draft_version": "1"})
    assert refused.status_code == 422
    published = client.post(
        f"{page(card)}publish/", {"why": "Use counts more for us", "draft_version": "1"}, follow=True
    )
    assert "Version 2 is in force" in published.content.decode()
    assert "Use counts more for us" in published.content.decode()
    with workspace_scope(workspace):
        assert not ScorecardDraft.objects.exists()
        assert ScorecardVersion.objects.get(version=2).content["bands"] == {"healthy": 80.5, "watch": 50}


def test_what_is_no_number_is_named_where_it_stands_and_nothing_typed_is_lost(
    client: Client, workspace: Workspace, card: Scorecard
) -> None:
    answer = client.post(page(card), form(workspace, **{"i0-weight": "heavy", "i1-weight": "33"}))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "“heavy” is no number." in text
    assert 'value="heavy"' in text
    assert 'value="33"' in text
    with workspace_scope(workspace):
        assert not ScorecardDraft.objects.exists()


def test_weights_that_sum_to_nothing_are_kept_and_named(client: Client, workspace: Workspace, card: Scorecard) -> None:
    none = {f"i{n}-weight": "0" for n in range(8)}
    answer = client.post(page(card), form(workspace, **none), follow=True)
    assert "the weights must sum to more than nothing" in answer.content.decode()
    with workspace_scope(workspace):
        assert ScorecardDraft.objects.get().content["items"][0]["weight"] == 0


def test_two_editors_do_not_overwrite_each_other(client: Client, workspace: Workspace, card: Scorecard) -> None:
    client.post(page(card), form(workspace, **{"i0-weight": "11"}))
    answer = client.post(page(card), form(workspace, **{"i0-weight": "12"}))
    assert answer.status_code == 409
    said = answer.content.decode()
    assert 'value="12"' in said
    assert "weighs 12 instead of 11" in said
    with workspace_scope(workspace):
        assert ScorecardDraft.objects.get().content["items"][0]["weight"] == 11
    again = client.post(page(card), form(workspace, **{"i0-weight": "12", "draft_version": "1"}))
    assert again.status_code == 302


def test_a_refused_form_still_rests_on_the_draft_it_was_begun_from(
    client: Client, workspace: Workspace, card: Scorecard
) -> None:
    client.post(page(card), form(workspace, **{"i0-weight": "11"}))
    refused = client.post(page(card), form(workspace, **{"i0-weight": "much"}))
    assert refused.status_code == 422
    assert 'name="draft_version" value="0"' in refused.content.decode()


def test_the_live_sum_stores_nothing(client: Client, workspace: Workspace, card: Scorecard) -> None:
    typed = form(workspace, **{f"i{n}-weight": "0" for n in range(1, 8)})
    answer = client.post(f"{page(card)}preview/", typed)
    assert "100.0" in answer.content.decode()
    twice = client.post(f"{page(card)}preview/", {**typed, "i1-measure": typed["i0-measure"]})
    assert "appears twice" in twice.content.decode()
    with workspace_scope(workspace):
        assert not ScorecardDraft.objects.exists()


def test_a_scorecard_for_some_is_made_moved_and_retired(client: Client, workspace: Workspace) -> None:
    refused = client.post("/health/scorecards/new/", {"name": "", "macros": ["adoption"]})
    assert refused.status_code == 422
    for name in ("First", "Second"):
        made = client.post("/health/scorecards/new/", {"name": name, "macros": ["adoption"]})
        assert made.status_code == 302
    with workspace_scope(workspace):
        second = Scorecard.objects.get(name="Second")
    client.post(f"{page(second)}up/")
    client.post(f"{page(second)}rule/", {"name": "Young ones", "macros": ["adoption", "performance"]})
    text = client.get("/health/scorecards/").content.decode()
    assert text.index("Young ones") < text.index("First") < text.index("Default")
    client.post(f"{page(second)}retire/")
    with workspace_scope(workspace):
        second.refresh_from_db()
        assert (second.position, second.macros) == (1, ["adoption", "performance"])
        assert second.retired_at is not None


def test_any_two_versions_are_told_apart_in_words_with_who_made_them(
    client: Client, workspace: Workspace, card: Scorecard
) -> None:
    typed = form(workspace)
    for weight in ("11", "12", "13"):
        client.post(page(card), {**typed, "i0-weight": weight})
        client.post(f"{page(card)}publish/", {"why": f"Weight {weight}"})
    said = client.get(page(card), {"from": "4", "to": "2"}).content.decode()
    assert "What version 4 says otherwise than version 2" in said
    assert "weighs 13 instead of 11" in said
    with workspace_scope(workspace):
        author = ScorecardVersion.objects.get(version=4).published_by_label
    assert f"Version 4: {author}" in said
    for asked in ({"from": "2", "to": "2"}, {"from": "2", "to": "99"}, {"from": "x"}):
        assert "says otherwise than" not in client.get(page(card), asked).content.decode()


def test_what_changed_without_a_version_is_told_with_who_changed_it(client: Client, workspace: Workspace) -> None:
    client.post("/health/scorecards/new/", {"name": "Trials", "macros": ["trial"]})
    with workspace_scope(workspace):
        made = Scorecard.objects.get(name="Trials")
    client.post(f"{page(made)}rule/", {"name": "Early customers", "macros": ["trial", "decision"]})
    said = client.get(page(made)).content.decode()
    assert "Renamed from “Trials” to “Early customers”." in said
    assert "For customers at: Trial, Decision &amp; contract. Before: Trial." in said


def test_a_scorecard_that_was_never_published_is_deleted_and_another_one_is_not(
    client: Client, workspace: Workspace, card: Scorecard
) -> None:
    client.post("/health/scorecards/new/", {"name": "A thought"})
    with workspace_scope(workspace):
        made = Scorecard.objects.get(name="A thought")
    assert "Delete: it was never published" in client.get(page(made)).content.decode()
    client.post(f"{page(made)}delete/")
    assert client.get(page(made)).status_code == 404
    refused = client.post(f"{page(card)}delete/", follow=True).content.decode()
    assert "was published" in refused
    with workspace_scope(workspace):
        assert Scorecard.objects.filter(pk=card.pk).exists()


def test_a_reader_sees_versions_and_no_form_and_a_stranger_sees_nothing(workspace: Workspace, card: Scorecard) -> None:
    reader = signed_in(workspace, Role.CSM)
    text = reader.get(page(card)).content.decode()
    assert "Version 1" in text
    assert "Save draft" not in text
    assert reader.post(page(card), form(workspace)).status_code == 403
    stranger = signed_in(factories.make_workspace("stranger"), Role.ADMIN)
    assert stranger.get(page(card)).status_code == 404
    assert stranger.post(f"{page(card)}publish/", {"why": "x"}).status_code == 404


def test_the_lists_queries_do_not_grow(
    client: Client, workspace: Workspace, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(60) as few:
        client.get("/health/scorecards/")
    with workspace_scope(workspace):
        for n in range(4):
            scorecards.create(name=f"Card {n}", actor=audit.SYSTEM, now=factories.NOW)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get("/health/scorecards/")


def test_a_band_is_set_by_hand_and_ended_on_the_customers_page(client: Client, workspace: Workspace) -> None:
    with workspace_scope(workspace):
        customer = factories.make_customer()
    address = f"/customers/{customer.pk}/override/"
    until = (datetime.now(UTC).date() + timedelta(days=9)).isoformat()
    refused = client.post(address, {"band": "watch", "reason": " ", "expires_on": until})
    assert refused.status_code == 422
    assert client.post(address, {"band": "watch", "reason": "Merger", "expires_on": until}).status_code == 302
    assert "Merger" in client.get(address).content.decode()
    assert client.post(f"{address}end/").status_code == 302
    assert "Merger" not in client.get(address).content.decode()
    assert signed_in(workspace, Role.VIEWER).get(address).status_code == 403
    stranger = signed_in(factories.make_workspace("stranger"), Role.ADMIN)
    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}end/").status_code == 404


def test_only_customers_who_can_have_a_score_are_counted_as_scored(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        ids = [factories.make_customer(name, contract_state=state).pk for name, state in STATES]
        now = datetime.now(UTC)
        scoring.score_present(ids, day=now.date(), computed_at=now, base=base_rate.present(now.date()))
        bands = list(HealthScore.objects.values_list("band", flat=True))
        counted = [row.customers for row in selectors_cards.listing_rows()]
    assert sorted(bands) == ["not_applicable", "unknown"]
    assert counted == [1]
