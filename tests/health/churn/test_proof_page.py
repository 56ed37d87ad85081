"""Score accuracy in the browser: the verdict first, figures beside each other, names to learn from, progress."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, Workspace
from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope
from health.models import ChurnModel, ChurnProof, ChurnSetting, ScoringRun
from health.services import churn, runs
from tests import factories
from tests.health.churn.test_history import DAYS, HORIZON, fill, on, told_events

pytestmark = pytest.mark.django_db


def signed_in(workspace: Workspace, role: Role = Role.MANAGER) -> Client:
    client = Client()
    client.force_login(factories.make_member(workspace, role).user)
    return client


def run(workspace: Workspace, kind: str) -> Job:
    with workspace_scope(workspace):
        job = churn.start(horizon=HORIZON, actor=audit.SYSTEM, now=datetime.now(UTC), kind=kind)
    churn.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        return Job.objects.get(pk=job.pk)


@cache
def proved() -> dict[str, Any]:
    """The document of a back-test of the leavers who take their data out."""
    workspace = factories.make_workspace("teacher")
    with workspace_scope(workspace):
        fill(workspace, told_events())
    told: dict[str, Any] = run(workspace, churn.PROOF_KIND).result["backtest"]
    return told


def kept(workspace: Workspace, customer: Customer) -> ChurnProof:
    line = {"customer": str(customer.pk), "as_of": "2026-03-02", "told": 0.41, "churned_on": None, "arr_minor": 12_000}
    document = {**proved(), "details": {**proved()["details"], "false_alarms": [line], "missed": []}}
    return ChurnProof.objects.create(
        workspace_id=workspace.pk, made_at=datetime.now(UTC), horizon_days=HORIZON, document=document
    )


def test_a_back_test_tells_all_that_the_page_shows_and_changes_no_model() -> None:
    details = proved()["details"]
    assert len(details["reliability"]) == 10
    assert [row["days"] for row in details["at_days"]] == [30, 60, 90, 180]
    assert details["at_capacity"]["model"]["revenue_recall"] > details["at_capacity"]["naive"]["revenue_recall"]
    assert {row["kind"] for row in details["segments"]} == {"arr", "tenure", "industry"}
    assert proved()["champion"] is None


def test_the_page_says_the_verdict_first_and_names_whom_to_learn_from() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer("Alder Mills")
        kept(workspace, customer)
    page = signed_in(workspace).get(reverse("proof"))
    text = page.content.decode()
    assert page.status_code == 200
    assert text.index("The model is worth believing") < text.index("ROC AUC")
    assert "A risk is not the same as a customer who can be saved" in text
    assert reverse("customer_detail", args=[customer.pk]) in text
    assert "Alder Mills" in text


def test_days_without_data_are_said_to_be_an_outage_and_no_churn() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        proof = kept(workspace, factories.make_customer())
        left_out = [{"as_of": "2026-03-09", "reason": "no_events_from_anybody"}]
        ChurnProof.objects.update(document={**proof.document, "left_out": left_out})
    text = signed_in(workspace).get(reverse("proof")).content.decode()
    assert "an outage of the sender and no sign of churn" in text


def test_before_the_first_proof_the_page_says_what_it_needs() -> None:
    workspace = factories.make_workspace()
    client = signed_in(workspace)
    assert "Nothing has been proved yet" in client.get(reverse("proof")).content.decode()
    run(workspace, churn.PROOF_KIND)
    text = client.get(reverse("proof")).content.decode()
    assert "Not enough data to judge" in text
    assert "20 customers who left" in text


def test_work_is_started_watched_and_stopped() -> None:
    workspace = factories.make_workspace()
    client = signed_in(workspace)
    assert client.post(reverse("proof_start"), {"do": "train"}).status_code == 302
    client.post(reverse("proof_start"), {"do": "prove"})
    with workspace_scope(workspace):
        job = Job.objects.get(kind__startswith="churn.")
        assert job.kind == churn.JOB_KIND
    assert "A model is being trained" in client.get(reverse("proof")).content.decode()
    assert client.get(reverse("proof_progress", args=[job.pk])).status_code == 200
    client.post(reverse("proof_cancel", args=[job.pk]))
    churn.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        assert Job.objects.get(pk=job.pk).state in (JobState.CANCELLED, JobState.DONE)
        assert not ChurnModel.objects.filter(status=ChurnModel.Status.CHAMPION).exists()


def test_only_who_configures_starts_work_and_strangers_find_nothing() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        proof = kept(workspace, factories.make_customer())
    viewer = signed_in(workspace, Role.VIEWER)
    assert viewer.get(reverse("proof")).status_code == 200
    assert viewer.post(reverse("proof_start"), {"do": "train"}).status_code == 403
    stranger = signed_in(factories.make_workspace("elsewhere"))
    assert stranger.get(reverse("proof"), {"run": str(proof.pk)}).status_code == 404
    assert stranger.get(reverse("proof"), {"run": "x"}).status_code == 404


def test_the_horizon_is_set_on_a_page_and_a_senseless_one_is_refused() -> None:
    workspace = factories.make_workspace()
    client = signed_in(workspace)
    assert client.post(reverse("proof_settings"), {"horizon_days": "0"}).status_code == 422
    saved = client.post(reverse("proof_settings"), {"horizon_days": "28", "capacity": "12"})
    assert saved.status_code == 302
    with workspace_scope(workspace):
        setting = ChurnSetting.objects.get()
        assert (setting.horizon_days, setting.capacity, setting.retrains) == (28, 12, False)
        assert churn.wanted_horizon(None) == 28


@cache
def carded() -> list[dict[str, Any]]:
    """What a back-test tells of the scorecards that scored the history of leavers who take their data out."""
    workspace = factories.make_workspace("scored")
    with workspace_scope(workspace):
        fill(workspace, told_events())
        days = [on(day) for day in range(40, DAYS - HORIZON, 7)]
        scored = runs.start(kind=ScoringRun.Kind.BACKFILL, days=days, now=datetime.now(UTC))
    runs.work(workspace.pk, scored.pk)
    run(workspace, churn.PROOF_KIND)
    with workspace_scope(workspace):
        cards: list[dict[str, Any]] = ChurnProof.objects.get().cards
        listed = [line["customer"] for card in cards for line in card["details"]["missed"]]
        assert Customer.objects.filter(pk__in=listed).count() == len(set(listed))
    return cards


def test_each_version_of_a_scorecard_is_proved_as_a_model_is() -> None:
    (card,) = carded()
    assert card["verdict"] == "told"
    assert set(card["beside"]) == {"score", "rules", "renewal_only"}
    low, high = card["beside"]["score"]["roc_auc_ci"]
    assert low <= card["beside"]["score"]["roc_auc"] <= high
    aucs = {name: row["roc_auc"] for name, row in card["beside"].items()}
    for other, less in card["score_less"].items():
        assert less["roc_auc"] == pytest.approx(aucs["score"] - aucs[other], abs=1e-5)
        assert less["roc_auc_ci"][0] <= less["roc_auc_ci"][1]
    details = card["details"]
    assert [row["days"] for row in details["at_days"]] == [30, 60, 90, 180]
    assert set(details["at_days"][0]["by"]) == {"score", "rules", "renewal_only"}
    assert sum(row["n"] for row in details["reliability"]) == card["n"] == sum(row["n"] for row in card["bands"])
    assert {"rules", "renewal_only"} == set(details["segments"][0]["beside"])
    assert details["at_capacity"]["score"]["revenue_recall"] is not None
    assert details["false_alarms"]


def test_the_page_of_a_version_draws_and_names_as_that_of_a_model() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer("Alder Mills")
        (card,) = carded()
        line = {**card["details"]["false_alarms"][0], "customer": str(customer.pk)}
        told = {**card, "details": {**card["details"], "false_alarms": [line]}}
        proof = kept(workspace, customer)
        ChurnProof.objects.update(cards=[told])
    client = signed_in(workspace)
    listed = client.get(reverse("proof")).content.decode()
    assert f"card={card['key']}" in listed
    page = client.get(reverse("proof"), {"run": str(proof.pk), "card": card["key"]})
    text = page.content.decode()
    assert page.status_code == 200
    for words in (
        "Who left at which score",
        "How well it ranks",
        "Over 30, 60, 90 and 180 days",
        "By segment",
        "By band",
    ):
        assert words in text
    assert "Alder Mills" in text
    assert "The score tells leavers" in text or "may be chance" in text
    assert client.get(reverse("proof"), {"card": "nowhere"}).status_code == 404
    stranger = signed_in(factories.make_workspace("elsewhere"))
    assert stranger.get(reverse("proof"), {"run": str(proof.pk), "card": card["key"]}).status_code == 404
    assert stranger.get(reverse("proof"), {"card": card["key"]}).status_code == 404


def test_a_proof_of_an_earlier_release_is_still_read() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        proof = kept(workspace, factories.make_customer())
        kinds = {kind: {"churned": 3, "roc_auc": None} for kind in ("cancelled", "lapsed")}
        told = proof.document["details"]
        segments = [{name: row[name] for name in row if name != "beside"} for row in told["segments"]]
        details = {**told, "segments": segments}
        document = {
            **proof.document,
            "details": details,
            "by_kind": kinds,
            "left_aside": {"notice_given": 4, "in_grace": 2},
        }
        cards = [{"version": 1, "verdict": "told", "roc_auc": 0.6}]
        ChurnProof.objects.update(document=document, cards=cards)
    text = signed_in(workspace).get(reverse("proof")).content.decode()
    assert "not renewed, without a notice" in text


def test_questions_of_the_page_do_not_grow_with_what_is_kept(django_assert_max_num_queries: Any) -> None:
    workspace = factories.make_workspace()
    client = signed_in(workspace)
    with workspace_scope(workspace):
        customer = factories.make_customer()
        for _ in range(5):
            kept(workspace, customer)
    client.get(reverse("proof"))
    with django_assert_max_num_queries(25):
        client.get(reverse("proof"))
