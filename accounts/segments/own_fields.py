"""What accounts itself lets customers be filtered by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import (
    AccountTeamMember,
    AttributeDefinition,
    AttributeKind,
    AttributeValue,
    Contact,
    CustomerFacet,
    Membership,
    Subscription,
)
from accounts.models.customers import ContractState, HealthBand
from accounts.models.facets import Facet
from accounts.segments import kinds
from accounts.segments.fields import Field, Relation, Source, Terms, register
from accounts.segments.kinds import Kind
from accounts.services import search
from csplatform.core.tenancy import current_workspace_id

ATTRIBUTES = "attributes"
MOST_NAMED = 5_000
MOST_FOUND = 1_000
_NAMED = (kinds.IN, kinds.NOT_IN)

_CONTRACT = _("Contract")
_HEALTH = _("Health")
_PEOPLE = _("People")


def _facet(facet: Facet, label: Any) -> Field:
    def rows(terms: Terms) -> QuerySet[Any]:
        found: QuerySet[Any] = CustomerFacet.objects.filter(facet=facet)
        return found

    return Field(facet.value, label, Kind.TEXT, "value", rows=rows, offered=_facet_words(facet))


def _facet_words(facet: Facet) -> Callable[[], Mapping[str, str]]:
    # Imported late, because the selectors of customers are themselves built on filters.
    def words() -> Mapping[str, str]:
        from accounts.selectors.customers import facet_values

        return {word: word for word in facet_values()[facet.value]}

    return words


def _members() -> Mapping[str, str]:
    rows = Membership.objects.filter(workspace_id=current_workspace_id(), left_at__isnull=True).select_related("user")
    people = {str(row.pk): str(row.user) for row in rows.order_by("user__name", "user__email", "pk")}
    return {kinds.ME: gettext("Me"), **people}


def _subscriptions(terms: Terms) -> QuerySet[Any]:
    """Those in force today."""
    running = Q(ends_on__isnull=True) | Q(ends_on__gt=terms.today)
    return Subscription.objects.filter(running, starts_on__lte=terms.today)


def _team(terms: Terms) -> QuerySet[Any]:
    return AccountTeamMember.objects.filter(Q(until__isnull=True) | Q(until__gte=terms.today))


def _found(op: str, text: str, terms: Terms) -> Q:
    return Q(pk__in=search.most_like(text, most=MOST_FOUND))


def _has_sponsor(op: str, wanted: Any, terms: Terms) -> Q:
    found = Q(Exists(Contact.objects.filter(customer_id=OuterRef("pk"), is_sponsor=True)))
    return found if wanted else ~found


def _choice(key: str, label: Any, column: str, words: type[models.TextChoices], group: Any) -> Field:
    """A column that always holds one of these words."""
    return Field(key, label, Kind.CHOICE, column, choices=lambda: dict(words.choices), operators=_NAMED, group=group)


CUSTOMER = (
    Field("search", _("Name or id like"), Kind.SEARCH, compile=_found),
    Field("name", _("Name"), Kind.TEXT, "name_sort", operators=(kinds.STARTS,), folds_case=True),
    Field("external_id", _("Customer id"), Kind.TEXT, "external_id", operators=_NAMED, most=MOST_NAMED),
    Field("customer", _("Record"), Kind.ID, "pk", most=MOST_NAMED, is_listed=False),
    _facet(Facet.COUNTRY, _("Country")),
    _facet(Facet.INDUSTRY, _("Industry")),
    _facet(Facet.TAG, _("Tag")),
    Field("region", _("Region"), Kind.TEXT, "region"),
    Field("domain", _("Domain"), Kind.TEXT, "domain"),
    Field("source", _("Source"), Kind.TEXT, "source"),
    Field("lifecycle_stage", _("Lifecycle stage"), Kind.TEXT, "lifecycle_stage"),
    Field("employees", _("Employees"), Kind.NUMBER, "employees"),
    Field("created_at", _("Known since"), Kind.DATE, "created_at", is_moment=True),
)  # fmt: skip

CONTRACT = (
    _choice("contract_state", _("Contract"), "contract_state", ContractState, _CONTRACT),
    Field("arr", _("ARR"), Kind.MONEY, "arr_minor", group=_CONTRACT),
    Field("expected_arr", _("Expected ARR"), Kind.MONEY, "expected_arr_minor", group=_CONTRACT),
    Field("seats", _("Seats"), Kind.NUMBER, "seats", group=_CONTRACT),
    Field("renewal_on", _("Renewal"), Kind.DATE, "renewal_on", group=_CONTRACT),
    Field("notice_deadline", _("Notice deadline"), Kind.DATE, "notice_deadline", group=_CONTRACT),
    Field("customer_since", _("Customer since"), Kind.DATE, "customer_since", group=_CONTRACT),
    Field("churned_on", _("Churned on"), Kind.DATE, "churned_on", group=_CONTRACT),
    Field("product", _("Product"), Kind.TEXT, "product", rows=_subscriptions, group=_CONTRACT),
    Field("plan", _("Plan"), Kind.TEXT, "plan", rows=_subscriptions, group=_CONTRACT),
)  # fmt: skip

HEALTH = (
    _choice("band", _("Health"), "health__band", HealthBand, _HEALTH),
    Field("score", _("Score"), Kind.NUMBER, "health__points", scale=100, group=_HEALTH),
    Field("score_change", _("Change of score in 4 weeks"), Kind.NUMBER, "health__change", scale=100, group=_HEALTH),
    Field("coverage", _("Coverage"), Kind.PERCENT, "health__coverage", group=_HEALTH),
    Field("churn_risk", _("Churn risk"), Kind.PERCENT, "health__churn_risk", scale=100, group=_HEALTH),
)  # fmt: skip

PEOPLE = (
    Field("csm", _("CSM"), Kind.MEMBER, "csm_id", offered=_members, group=_PEOPLE),
    Field("team", _("Account team"), Kind.MEMBER, "member_id", rows=_team, offered=_members, group=_PEOPLE),
    Field("sponsor", _("Sponsor"), Kind.YESNO, compile=_has_sponsor, operators=(kinds.EQ,), group=_PEOPLE),
    Relation("contacts", _("Contacts"), lambda: Contact.objects.all(), group=_PEOPLE),
)  # fmt: skip

_KINDS = {
    AttributeKind.TEXT: (Kind.TEXT, "text_value", 1),
    AttributeKind.NUMBER: (Kind.NUMBER, "number_value", AttributeValue.NUMBER_SCALE),
    AttributeKind.DATE: (Kind.DATE, "date_value", 1),
    AttributeKind.BOOLEAN: (Kind.YESNO, "boolean_value", 1),
}


def attributes() -> list[Field]:
    """The fields the workspace added to its customers."""
    return [_attribute(definition) for definition in AttributeDefinition.objects.order_by("label", "id")]


def _attribute(definition: AttributeDefinition) -> Field:
    kind, column, scale = _KINDS[AttributeKind(definition.kind)]
    return Field(
        f"{ATTRIBUTES}.{definition.key}",
        definition.label,
        kind,
        column,
        scale,
        rows=lambda terms: AttributeValue.objects.filter(definition_id=definition.pk),
        group=_("Your own fields"),
    )


def register_all() -> None:
    register(*CUSTOMER, *CONTRACT, *HEALTH, *PEOPLE, Source(ATTRIBUTES, attributes))
