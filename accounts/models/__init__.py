from accounts.models.access import ApiKey, Invitation, Membership
from accounts.models.attributes import AttributeDefinition, AttributeKind, AttributeValue, AttributeVersion
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
from accounts.models.money import Invoice, InvoiceVersion, Opportunity, OpportunityKind, OpportunityVersion
from accounts.models.people import User, Workspace
from accounts.models.segments import SavedSegment
from accounts.models.subscriptions import RenewalNews, Subscription, SubscriptionVersion
from accounts.models.webhooks import (
    DeliveryState,
    DisabledBecause,
    Failure,
    WebhookDelivery,
    WebhookDue,
    WebhookEndpoint,
)

__all__ = [
    "AccountTeamMember",
    "ApiKey",
    "AttributeDefinition",
    "AttributeKind",
    "AttributeValue",
    "AttributeVersion",
    "BulkChange",
    "BulkKind",
    "Contact",
    "ContactVersion",
    "Customer",
    "CustomerFacet",
    "CustomerHealth",
    "CustomerTrigram",
    "DeliveryState",
    "DisabledBecause",
    "Failure",
    "ImportReject",
    "ImportRun",
    "Invitation",
    "Invoice",
    "InvoiceVersion",
    "Membership",
    "Opportunity",
    "OpportunityKind",
    "OpportunityVersion",
    "RenewalNews",
    "SavedSegment",
    "Subscription",
    "SubscriptionVersion",
    "User",
    "WebhookDelivery",
    "WebhookDue",
    "WebhookEndpoint",
    "Workspace",
]
