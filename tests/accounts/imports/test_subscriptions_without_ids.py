"""Subscriptions from a file that gives them no ids: customer, product and first day say which one it is."""

from __future__ import annotations

import pytest

from accounts.models import Subscription, Workspace
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.accounts.imports.conftest import ImportText

pytestmark = pytest.mark.django_db

HEAD = "account_id,product,start_date,end_date,mrr,bill_period_months\n"


def test_the_same_customer_product_and_first_day_are_the_same_subscription(
    workspace: Workspace, import_text: ImportText
) -> None:
    with workspace_scope(workspace):
        factories.make_customer("Loxley Mills", external_id="7")
    text = HEAD + "7,basic,2026-01-09,2026-02-09,10,1\n7,basic,2026-02-09,2026-03-09,10,1\n7,plus,2026-02-09,,5,1\n"
    first, again = (import_text("subscriptions", text) for _ in range(2))
    assert (first.rows_created, again.rows_created, again.rows_unchanged) == (3, 0, 3)
    ended = import_text("subscriptions", HEAD + "7,plus,2026-02-09,2026-02-20,5,1\n")
    assert (ended.rows_created, ended.rows_updated) == (0, 1)
    with workspace_scope(workspace):
        found = set(Subscription.objects.values_list("external_id", flat=True))
        assert found == {"7/basic/2026-01-09", "7/basic/2026-02-09", "7/plus/2026-02-09"}


def test_of_rows_that_say_the_same_subscription_the_last_counts(workspace: Workspace, import_text: ImportText) -> None:
    with workspace_scope(workspace):
        factories.make_customer("Loxley Mills", external_id="7")
    import_text("subscriptions", HEAD + "7,basic,2026-01-09,2026-02-09,10,1\n7,basic,2026-01-09,2026-02-09,30,1\n")
    with workspace_scope(workspace):
        assert Subscription.objects.get().arr_minor == 360_00
