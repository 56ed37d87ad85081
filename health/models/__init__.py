from health.models.alerts import (
    Alert,
    AlertChannel,
    AlertDelivery,
    AlertKind,
    AlertMute,
    AlertPace,
    AlertPreference,
    AlertRoute,
    AlertState,
    SlackHook,
)
from health.models.churn import ChurnDrift, ChurnModel, ChurnProof, ChurnSetting
from health.models.definitions import CardAssignment, Measure, Scorecard, ScorecardDraft, ScorecardVersion
from health.models.events import ContactAlias, Event, EventName, InboxBatch, MessageKey, ProfileClock, RejectedMessage
from health.models.judgements import Judgement
from health.models.onboarding import Onboarding, OnboardingFile
from health.models.outages import SenderOutage
from health.models.overrides import HealthOverride
from health.models.scores import (
    AdoptionMark,
    ChurnBaseRate,
    ChurnMethod,
    DirtyCustomer,
    HealthScore,
    HealthSnapshot,
    LateArrival,
    ScoringRun,
    ScoringShard,
)
from health.models.today import DismissalKind, TodayDismissal
from health.models.usage import ContactSeen, FeatureSeen, SeenName, UsageWindow

__all__ = [
    "AdoptionMark",
    "Alert",
    "AlertChannel",
    "AlertDelivery",
    "AlertKind",
    "AlertMute",
    "AlertPace",
    "AlertPreference",
    "AlertRoute",
    "AlertState",
    "CardAssignment",
    "ChurnBaseRate",
    "ChurnDrift",
    "ChurnMethod",
    "ChurnModel",
    "ChurnProof",
    "ChurnSetting",
    "ContactAlias",
    "ContactSeen",
    "DirtyCustomer",
    "DismissalKind",
    "Event",
    "EventName",
    "FeatureSeen",
    "HealthOverride",
    "HealthScore",
    "HealthSnapshot",
    "InboxBatch",
    "Judgement",
    "LateArrival",
    "Measure",
    "MessageKey",
    "Onboarding",
    "OnboardingFile",
    "ProfileClock",
    "RejectedMessage",
    "Scorecard",
    "ScorecardDraft",
    "ScorecardVersion",
    "ScoringRun",
    "ScoringShard",
    "SeenName",
    "SenderOutage",
    "SlackHook",
    "TodayDismissal",
    "UsageWindow",
]
