"""The administration's pages for people, customers and what belongs to them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import models, segments
from accounts.access import actor_of
from accounts.administration.base import HistoryAdmin, WorkspaceForm, WorkspaceModelAdmin
from accounts.administration.records import ServiceAdmin
from accounts.models.customers import TeamRole
from accounts.roles import Permission
from accounts.services import contacts, customers, deletion, keys, subscriptions, team, workspaces
from csplatform.core.formats import money
from csplatform.core.models import AuditEvent, Job


@admin.register(models.Workspace)
class WorkspaceAdmin(WorkspaceModelAdmin):
    changing = Permission.CONFIGURE
    may_add = may_delete = False
    list_display = ["name", "slug", "currency", "time_zone", "grace_days"]
    fields = ["name", "slug", "currency", "time_zone", "locale", "grace_days", "data_through", "is_demo"]
    readonly_fields = ["slug", "data_through", "is_demo"]

    def get_queryset(self, request: Any) -> Any:
        return models.Workspace.objects.filter(pk=request.workspace.pk)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        workspaces.update_settings(workspace=obj, values=values, actor=actor_of(request), now=timezone.now())


@admin.register(models.Membership)
class MembershipAdmin(HistoryAdmin):
    """Read here; the members page changes them, because an owner must stay and portfolios must be handed over."""

    list_display = ["user", "role", "department", "joined_at", "left_at"]
    list_filter = ["role", "department"]
    search_fields = ["user__email", "user__name"]
    list_select_related = ["user"]


@admin.register(models.Invitation)
class InvitationAdmin(HistoryAdmin):
    list_display = ["email", "role", "created_at", "mailed_at", "expires_at", "accepted_at", "revoked_at"]
    list_filter = ["role"]
    search_fields = ["email"]
    exclude = ["token_hash"]


@admin.register(models.ApiKey)
class ApiKeyAdmin(HistoryAdmin):
    """Made on the keys page, which shows them once; here they are found and revoked."""

    list_display = ["name", "prefix", "scopes", "created_at", "last_used_at", "revoked_at"]
    search_fields = ["name", "prefix"]
    exclude = ["digest"]
    actions = ["revoke"]

    @admin.action(description=_("Revoke the chosen keys"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        for key in queryset:
            keys.revoke_key(key=key, actor=actor_of(request), now=timezone.now())

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return self._granted(request, Permission.MANAGE_KEYS)


@admin.register(models.WebhookEndpoint)
class WebhookEndpointAdmin(HistoryAdmin):
    """Made on the webhooks page, which shows their secrets once; here they are found."""

    list_display = ["url", "description", "events", "is_enabled", "failing_since", "created_at"]
    list_filter = ["is_enabled"]
    search_fields = ["url", "description"]
    exclude = ["secret_salt", "retired_salt"]


@admin.register(models.WebhookDelivery)
class WebhookDeliveryAdmin(HistoryAdmin):
    list_display = ["event", "endpoint", "state", "attempts", "last_status", "last_error", "occurred_at"]
    list_filter = ["state", "event"]
    list_select_related = ["endpoint"]
    search_fields = ["message_id"]


@admin.register(models.Customer)
class CustomerAdmin(ServiceAdmin):
    service = customers
    deletes = staticmethod(deletion.delete_customer)
    id_argument = "customer_id"
    fields = [
        "external_id",
        ("name", "domain"),
        ("industry", "employees"),
        ("country", "region"),
        ("lifecycle_stage", "source"),
        ("parent", "referred_by"),
        "tags",
        "expected_arr_minor",
        "created_at",
        "traits",
        ("stage_key", "contract_state", "csm"),
        ("band", "renewal_on", "notice_deadline"),
        ("known_at", "updated_at", "version"),
    ]
    readonly_fields = [
        "traits",
        "stage_key",
        "contract_state",
        "csm",
        "band",
        "renewal_on",
        "notice_deadline",
        "known_at",
        "updated_at",
        "version",
    ]
    autocomplete_fields = ["parent", "referred_by"]
    list_display = ["name", "external_id", "stage_key", "contract_state", "arr", "band", "csm", "renewal_on"]
    list_filter = ["contract_state", "health__band", "stage_key"]
    list_select_related = ["health", "csm__user"]
    search_fields = ["name", "external_id", "domain"]
    ordering = ["name_sort", "id"]

    @admin.display(description=_("Health"))
    def band(self, customer: models.Customer) -> str:
        return str(customer.health)

    @admin.display(description=_("ARR"), ordering="arr_minor")
    def arr(self, customer: models.Customer) -> str:
        return money(customer.arr_minor, customer.workspace.currency, get_language())

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("workspace")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._granted(request, Permission.DELETE_CUSTOMERS)

    def goes_along(self, rows: list[Any]) -> dict[str, int]:
        ids = [row.pk for row in rows]
        arr = sum(row.arr_minor for row in rows)
        counts = {
            str(_("Contacts")): models.Contact.objects.filter(customer__in=ids).count(),
            str(_("Subscriptions")): models.Subscription.objects.filter(customer__in=ids).count(),
        }
        if arr:
            counts[str(_("ARR in minor units of the currency"))] = arr
        return counts


@admin.register(models.Contact)
class ContactAdmin(ServiceAdmin):
    service = contacts
    deletes = staticmethod(deletion.delete_contact)
    id_argument = "contact_id"
    fields = [
        "external_id",
        "customer",
        ("name", "email"),
        ("role", "title"),
        ("is_sponsor", "is_champion"),
        "invited_at",
        "traits",
        ("known_at", "updated_at", "version"),
    ]
    readonly_fields = ["traits", "known_at", "updated_at", "version"]
    autocomplete_fields = ["customer"]
    list_display = ["__str__", "email", "customer", "title", "is_sponsor", "is_champion"]
    list_filter = ["is_sponsor", "is_champion"]
    list_select_related = ["customer"]
    search_fields = ["name", "email", "external_id"]


@admin.register(models.Subscription)
class SubscriptionAdmin(ServiceAdmin):
    service = subscriptions
    deletes = staticmethod(deletion.delete_subscription)
    id_argument = "subscription_id"
    fields = [
        "external_id",
        "customer",
        ("product", "plan", "seats"),
        ("arr_minor", "currency", "billing_period_months"),
        ("starts_on", "ends_on", "cancelled_on"),
        ("renewal_on", "auto_renews", "notice_days"),
        ("known_at", "updated_at", "version"),
    ]
    readonly_fields = ["known_at", "updated_at", "version"]
    autocomplete_fields = ["customer"]
    list_display = ["__str__", "customer", "arr", "starts_on", "ends_on", "renewal_on", "auto_renews"]
    list_filter = ["auto_renews", "starts_on"]
    list_select_related = ["customer"]
    search_fields = ["external_id", "product", "customer__name"]
    date_hierarchy = "starts_on"

    @admin.display(description=_("ARR"), ordering="arr_minor")
    def arr(self, subscription: models.Subscription) -> str:
        return money(subscription.arr_minor, subscription.currency, get_language())


@admin.register(models.AccountTeamMember)
class AccountTeamMemberAdmin(WorkspaceModelAdmin):
    changing = Permission.ASSIGN_PORTFOLIOS
    fields = ["customer", "member", "role", ("since", "until"), "covers_for"]
    autocomplete_fields = ["customer"]
    list_display = ["customer", "member", "role", "since", "until", "covers_for"]
    list_filter = ["role"]
    list_select_related = ["customer", "member__user", "covers_for__user"]
    search_fields = ["customer__name", "member__user__email", "member__user__name"]

    def after_change(self, request: HttpRequest, rows: list[Any]) -> None:
        now = timezone.now()
        team.refresh_csm({row.customer_id for row in rows if row.role == TeamRole.CSM}, day=now.date(), now=now)


@admin.register(models.AttributeDefinition)
class AttributeDefinitionAdmin(WorkspaceModelAdmin):
    changing = Permission.CONFIGURE
    fields = ["key", "label", "kind"]
    list_display = ["label", "key", "kind"]
    list_filter = ["kind"]
    search_fields = ["label", "key"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["key", "kind"] if obj else []

    def goes_along(self, rows: list[Any]) -> dict[str, int]:
        values = models.AttributeValue.objects.filter(definition__in=rows)
        return {str(_("Values of customers")): values.count()}


@admin.register(models.AttributeValue)
class AttributeValueAdmin(HistoryAdmin):
    """Written with their customer: over the API and by imports, where the kind is checked."""

    list_display = ["customer", "definition", "value"]
    list_filter = ["definition"]
    list_select_related = ["customer", "definition"]
    search_fields = ["customer__name", "text_value"]


class SavedSegmentForm(WorkspaceForm):
    """Refuses a filter that cannot be answered, and keeps the canonical form of what can."""

    def clean_definition(self) -> dict[str, Any]:
        try:
            return segments.parse(self.cleaned_data["definition"] or {}).as_json()
        except segments.SegmentError as error:
            raise ValidationError([f"{path}: {said}" if path else said for path, said in error.problems]) from error


@admin.register(models.SavedSegment)
class SavedSegmentAdmin(WorkspaceModelAdmin):
    form = SavedSegmentForm
    fields = ["name", "definition", "sort", "owner", "is_shared"]
    list_display = ["name", "owner", "is_shared", "created_at"]
    list_filter = ["is_shared"]
    list_select_related = ["owner__user"]
    search_fields = ["name"]


@admin.register(models.ImportRun)
class ImportRunAdmin(HistoryAdmin):
    list_display = ["original_name", "kind", "rows_read", "rows_created", "rows_updated", "rows_rejected", "created_at"]
    list_filter = ["kind"]
    search_fields = ["original_name"]


@admin.register(models.ImportReject)
class ImportRejectAdmin(HistoryAdmin):
    """Refused rows of imports that are still going."""

    list_display = ["run", "number", "reason"]
    list_select_related = ["run"]


@admin.register(models.BulkChange)
class BulkChangeAdmin(HistoryAdmin):
    """Changes of many customers at once; the list of customers undoes them."""

    list_display = ["kind", "value", "made_by", "made_at", "undone_at"]
    list_filter = ["kind"]
    list_select_related = ["made_by__user"]


@admin.register(models.ContactVersion)
class ContactVersionAdmin(HistoryAdmin):
    list_display = ["contact", "is_sponsor", "is_champion", "known_at", "recorded_at"]
    list_select_related = ["contact"]
    search_fields = ["contact__name", "contact__email"]


@admin.register(models.SubscriptionVersion)
class SubscriptionVersionAdmin(HistoryAdmin):
    list_display = ["subscription", "arr_minor", "currency", "starts_on", "ends_on", "cancelled_on", "known_at"]
    list_select_related = ["subscription"]
    search_fields = ["subscription__external_id", "product"]


@admin.register(models.AttributeVersion)
class AttributeVersionAdmin(HistoryAdmin):
    list_display = ["customer_id", "definition_id", "number_value", "known_at", "recorded_at"]


@admin.register(models.Invoice)
class InvoiceAdmin(HistoryAdmin):
    list_display = ["external_id", "customer", "amount_minor", "currency", "issued_on", "due_on", "paid_on"]
    list_select_related = ["customer"]
    search_fields = ["external_id", "customer__name"]


@admin.register(models.InvoiceVersion)
class InvoiceVersionAdmin(HistoryAdmin):
    list_display = ["invoice_id", "customer_id", "amount_minor", "issued_on", "due_on", "paid_on", "known_at"]


@admin.register(models.Opportunity)
class OpportunityAdmin(HistoryAdmin):
    list_display = [
        "external_id",
        "customer",
        "kind",
        "amount_minor",
        "currency",
        "stage",
        "opened_on",
        "closed_on",
        "won",
    ]
    list_filter = ["kind", "won"]
    list_select_related = ["customer"]
    search_fields = ["external_id", "customer__name"]


@admin.register(models.OpportunityVersion)
class OpportunityVersionAdmin(HistoryAdmin):
    list_display = ["opportunity_id", "customer_id", "kind", "amount_minor", "stage", "closed_on", "won", "known_at"]
    list_filter = ["kind", "won"]


@admin.register(Job)
class JobAdmin(HistoryAdmin):
    list_display = ["kind", "state", "done", "total", "created_at", "finished_at", "message"]
    list_filter = ["kind", "state"]


@admin.register(AuditEvent)
class AuditEventAdmin(HistoryAdmin):
    list_display = ["at", "actor_label", "action", "object_type", "object_id"]
    list_filter = ["action"]
    search_fields = ["actor_label", "action", "object_id"]
    ordering = ["-at"]
