"""Roles and what each may do: the one permission matrix.

No other module compares roles; everything asks ``allows(role, permission)``.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    MANAGER = "manager", _("Manager")
    CSM = "csm", _("CSM")
    CONTRIBUTOR = "contributor", _("Contributor")
    HOST = "host", _("Survey host")
    VIEWER = "viewer", _("Viewer")


class Department(models.TextChoices):
    MARKETING = "marketing", _("Marketing")
    SALES = "sales", _("Sales")
    CUSTOMER_SUCCESS = "customer_success", _("Customer success")
    SUPPORT = "support", _("Support")
    PRODUCT = "product", _("Product")
    FINANCE = "finance", _("Finance")
    MANAGEMENT = "management", _("Management")


class Permission(models.TextChoices):
    VIEW_CUSTOMERS = "view_customers", _("See customers and their scores")
    EDIT_CUSTOMERS = "edit_customers", _("Change customers, contacts and subscriptions")
    DELETE_CUSTOMERS = "delete_customers", _("Delete customers for good")
    ASSIGN_PORTFOLIOS = "assign_portfolios", _("Hand portfolios over")
    IMPORT_DATA = "import_data", _("Import files")
    EXPORT_DATA = "export_data", _("Export lists")
    CONFIGURE = "configure", _("Change measures, scorecards and workspace settings")
    MANAGE_MEMBERS = "manage_members", _("Invite people and change roles")
    MANAGE_KEYS = "manage_keys", _("Create and revoke API keys")
    MANAGE_OWNERS = "manage_owners", _("Appoint and remove owners")
    VIEW_AUDIT = "view_audit", _("Read the audit trail")
    SAMPLE_DATA = "sample_data", _("Bring sample data in and take it out")
    HOST_SURVEYS = "host_surveys", _("Run surveys")
    USE_ADMIN = "use_admin", _("Use the administration pages")


_P = Permission
_EVERYTHING_BUT_OWNERS = frozenset(_P) - {_P.MANAGE_OWNERS}

MATRIX: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(_P),
    Role.ADMIN: _EVERYTHING_BUT_OWNERS,
    Role.MANAGER: frozenset(
        {
            _P.VIEW_CUSTOMERS,
            _P.EDIT_CUSTOMERS,
            _P.DELETE_CUSTOMERS,
            _P.ASSIGN_PORTFOLIOS,
            _P.IMPORT_DATA,
            _P.EXPORT_DATA,
            _P.CONFIGURE,
            _P.VIEW_AUDIT,
            _P.HOST_SURVEYS,
        }
    ),
    Role.CSM: frozenset({_P.VIEW_CUSTOMERS, _P.EDIT_CUSTOMERS, _P.EXPORT_DATA}),
    Role.CONTRIBUTOR: frozenset({_P.VIEW_CUSTOMERS, _P.EDIT_CUSTOMERS}),
    Role.HOST: frozenset({_P.HOST_SURVEYS}),
    Role.VIEWER: frozenset({_P.VIEW_CUSTOMERS}),
}


def allows(role: str, permission: Permission) -> bool:
    """Whether a member with ``role`` may do ``permission``; an unknown role may do nothing."""
    try:
        return permission in MATRIX[Role(role)]
    except ValueError:
        return False
