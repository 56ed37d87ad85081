from health.models.definitions import Measure, Scorecard, ScorecardVersion
from health.models.events import Event, InboxBatch, MessageKey, RejectedMessage
from health.models.scores import ChurnMethod, DirtyCustomer, HealthScore, HealthSnapshot, ScoringRun, ScoringShard
from health.models.usage import ContactSeen, FeatureSeen, UsageWindow

__all__ = [
    "ChurnMethod",
    "ContactSeen",
    "DirtyCustomer",
    "Event",
    "FeatureSeen",
    "HealthScore",
    "HealthSnapshot",
    "InboxBatch",
    "Measure",
    "MessageKey",
    "RejectedMessage",
    "Scorecard",
    "ScorecardVersion",
    "ScoringRun",
    "ScoringShard",
    "UsageWindow",
]
