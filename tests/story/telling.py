"""One customer's story as data: a referred prospect, from Awareness to Advocacy and round a second lap.

Who did what, and when. The same steps are told over REST, by files and in browsers; each way must end in one state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from accounts.models import Membership, Workspace
from accounts.roles import Department, Role
from accounts.services import customers, segments, subscriptions
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from tests import factories

CUSTOMER, NAME = "c-mills", "Loxley Mills"
REFERRER, REFERRER_NAME = "c-freight", "Nottingham Freight"
SLUG = "kestrel"
SEGMENT = "Logistics"
EXPOSED = {"field": "industry", "op": "in", "value": ["Logistics"]}

PEOPLE: Mapping[str, tuple[Role, Department]] = {
    "marketing": (Role.CONTRIBUTOR, Department.MARKETING),
    "sales": (Role.CONTRIBUTOR, Department.SALES),
    "success": (Role.CSM, Department.CUSTOMER_SUCCESS),
    "product": (Role.CONTRIBUTOR, Department.PRODUCT),
    "finance": (Role.CONTRIBUTOR, Department.FINANCE),
    "management": (Role.MANAGER, Department.MANAGEMENT),
}
"""Who acts in the story, by the name its steps use."""


def address(who: str) -> str:
    """The e-mail address of somebody in the story."""
    return f"{who}@{SLUG}.example"


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody's deed at a moment. ``deed`` names a method of each way of telling; ``told`` are its arguments."""

    at: datetime
    who: str
    deed: str
    told: Mapping[str, Any] = field(default_factory=dict)


def _at(day: str, hour: int = 9) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=hour)


def _step(day: str, who: str, deed: str, hour: int = 9, **told: Any) -> Step:
    return Step(_at(day, hour), who, deed, told)


STORY: tuple[Step, ...] = (
    # Value comes back: a customer who is thrilled is asked, and opens the new one.
    _step("2025-01-13", "marketing", "advocate", key="referral", customer=REFERRER, kind="referral", state="asked",
          why="They show their loading bay to visitors"),
    _step("2025-01-20", "marketing", "refer", key="referral", external_id=CUSTOMER, name=NAME),
    _step("2025-01-22", "marketing", "advance", key="referral", state="thanked"),
    _step("2025-01-27", "marketing", "describe", industry="Logistics", country="GB", expected_arr="40000"),
    _step("2025-01-27", "marketing", "meet", hour=10, external_id="p-lead", name="Lead of operations",
          email="operations@mills.example", title="Lead of operations", is_sponsor=True),
    _step("2025-02-03", "marketing", "move", stage="consideration", reason="Fit is qualified: two sites, own fleet"),
    # Marketing to sales.
    _step("2025-02-17", "marketing", "offer", stage="trial", reason="They asked to see it with their own orders"),
    _step("2025-02-17", "marketing", "tick", hour=10, line="Source and referrer are known"),
    _step("2025-02-18", "sales", "accept"),
    _step("2025-02-18", "sales", "promise", hour=10, key="trial", kind="trial", due_on="2025-03-31",
          statement="Planners see tomorrow's load by four in the afternoon"),
    _step("2025-03-14", "sales", "settle", key="trial", settlement="met",
          reason="Seen on nine of ten days of the trial"),
    _step("2025-03-17", "sales", "move", stage="decision", reason="The trial kept its promise"),
    _step("2025-03-20", "sales", "promise", key="same-day", kind="outcome", due_on="2025-12-15",
          statement="Every order leaves the same day",
          kpi={"name": "Orders shipped the same day", "unit": "%", "baseline": "62", "target": "90",
               "measured_by": "their warehouse system"}),
    _step("2025-04-01", "finance", "sign", external_id="s-planning", product="Planning", seats=20, arr="48000",
          billing_period_months=24, starts_on="2025-04-01", auto_renews=True, notice_days=90),
    # Sales to customer success, declined once.
    _step("2025-04-02", "sales", "offer", stage="adoption", reason="Signed for two years"),
    _step("2025-04-03", "success", "decline", cause="incomplete", reason="Nobody on their side measures the KPI"),
    _step("2025-04-04", "sales", "reoffer", reason="Their lead of operations measures it every Monday"),
    _step("2025-04-07", "success", "accept", note="Kick-off is on the 14th"),
    _step("2025-05-12", "success", "revise", key="same-day", reason="The new shop sells at weekends",
          statement="Every order leaves the same day, weekends included"),
    _step("2025-05-20", "success", "speak", direction="vendor_to_customer", channel="call", sentiment="positive",
          subject="First review of the planning", contact="p-lead", outcome="same-day"),
    _step("2025-06-16", "success", "measure", key="same-day", value="74"),
    _step("2025-07-01", "success", "move", stage="performance", override=True,
          reason="The works council shows use in aggregate only; all planners work with it"),
    # A shock on the way.
    _step("2025-08-04", "management", "strike", name="Flood on the Trent", struck_on="2025-08-02",
          note="Roads to both sites are closed"),
    _step("2025-08-05", "success", "speak", direction="customer_to_vendor", channel="email", sentiment="negative",
          subject="No lorry reaches the first site", contact="p-lead"),
    _step("2025-08-06", "success", "wish", key="detours", kind="pain_point", title="Plans that know closed roads",
          words="We planned by hand for a week"),
    _step("2025-09-22", "success", "measure", key="same-day", value="91"),
    _step("2025-09-24", "success", "celebrate", title="Orders shipped the same day: 91 %"),
    _step("2025-10-06", "management", "subside", lesson="A second carrier kept the promises"),
    _step("2025-10-13", "success", "move", stage="transformation", reason="Planning is how they work now"),
    _step("2025-11-20", "product", "answer", key="detours", status="shipped",
          answer="Closed roads are planned around since this week"),
    # Customer success to marketing.
    _step("2026-01-12", "success", "offer", stage="advocacy", reason="They show visitors what changed"),
    _step("2026-01-14", "marketing", "accept"),
    _step("2026-01-20", "marketing", "advocate", key="case", customer=CUSTOMER, kind="business_case", state="asked",
          why="91 % in a year with a flood", contact="p-lead"),
    _step("2026-01-26", "marketing", "advance", key="case", state="agreed"),
    _step("2026-02-09", "marketing", "advance", key="case", state="done", url="https://kestrel.example/loxley-mills"),
    _step("2026-02-10", "marketing", "advance", key="case", state="thanked"),
    # The boomerang is thrown again: an expansion.
    _step("2026-03-02", "sales", "move", stage="decision", reason="The second site wants it too"),
    _step("2026-03-09", "sales", "promise", key="second-site", kind="outcome", due_on="2026-12-15",
          statement="The second site ships like the first",
          kpi={"name": "Second site: shipped the same day", "unit": "%", "baseline": "58", "target": "88",
               "measured_by": "their warehouse system"}),
    _step("2026-03-16", "finance", "sign", external_id="s-second-site", product="Planning", seats=12, arr="24000",
          billing_period_months=24, starts_on="2026-03-16", auto_renews=True, notice_days=90),
    _step("2026-03-17", "sales", "offer", stage="adoption", reason="The second site signed"),
    _step("2026-03-18", "success", "accept"),
    _step("2026-05-04", "success", "move", stage="performance", override=True,
          reason="Use is shown in aggregate only, as on the first lap"),
    _step("2026-06-22", "success", "measure", key="second-site", value="92"),
    _step("2026-07-06", "success", "move", stage="transformation", reason="Both sites plan the same way"),
    _step("2026-09-07", "success", "offer", stage="advocacy", reason="They would do it again, and say so"),
    _step("2026-09-08", "marketing", "accept"),
)  # fmt: skip

STRUCK = next(step.at for step in STORY if step.deed == "strike")
END = _at("2026-09-14")
"""When the story is read: a day of its own, after everything in it."""


@dataclass(frozen=True, slots=True)
class House:
    """The workspace before the story begins, with its people and the customer who will refer the new one."""

    workspace: Workspace
    members: Mapping[str, Membership]


def make_house() -> House:
    """People in their departments, and a customer under contract for two years, who is at Advocacy.

    Call it when the story begins, by whatever clock the test has.
    """
    workspace = factories.make_workspace(SLUG)
    members = {}
    for who, (role, department) in PEOPLE.items():
        member = factories.make_member(workspace, role, address(who))
        member.department = department
        member.save(update_fields=["department"])
        members[who] = member
    began = _at("2023-01-02")
    with workspace_scope(workspace):
        told = {"name": REFERRER_NAME, "industry": "Logistics", "country": "GB", "stage": "advocacy"}
        now = STORY[0].at
        customers.upsert(rows=[Facts(REFERRER, {**told, "created_at": began}, began)], actor=audit.SYSTEM, now=now)
        sold = {"customer_external_id": REFERRER, "arr": "80000", "starts_on": "2023-01-02",
                "billing_period_months": 60}  # fmt: skip
        subscriptions.upsert(rows=[Facts("s-freight", sold, began)], actor=audit.SYSTEM, now=now)
        boss = members["management"]
        segments.save(name=SEGMENT, definition=EXPOSED, is_shared=True, by=boss, actor=audit.SYSTEM, now=now)
    return House(workspace, members)
