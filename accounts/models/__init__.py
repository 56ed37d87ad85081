from accounts.models.access import ApiKey, Invitation, Membership
from accounts.models.attributes import AttributeDefinition, AttributeKind, AttributeValue
from accounts.models.customers import (
    AccountTeamMember,
    Contact,
    ContactVersion,
    Customer,
    CustomerHealth,
    CustomerTrigram,
)
from accounts.models.facets import BulkChange, BulkKind, CustomerFacet
from accounts.models.imports import ImportReject, ImportRun
from accounts.models.people import User, Workspace
from accounts.models.segments import SavedSegment
from accounts.models.subscriptions import Subscription, SubscriptionVersion

__all__ = [
    "AccountTeamMember",
    "ApiKey",
    "AttributeDefinition",
    "AttributeKind",
    "AttributeValue",
    "BulkChange",
    "BulkKind",
    "Contact",
    "ContactVersion",
    "Customer",
    "CustomerFacet",
    "CustomerHealth",
    "CustomerTrigram",
    "ImportReject",
    "ImportRun",
    "Invitation",
    "Membership",
    "SavedSegment",
    "Subscription",
    "SubscriptionVersion",
    "User",
    "Workspace",
]
