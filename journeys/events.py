"""The events of journeys, described for receivers of webhooks and for playbooks."""

from django.utils.translation import gettext_lazy as _

from accounts.webhooks.catalogue import EventType, Field, declare, id_of

_CUSTOMER = id_of("customer_id", _("The customer."))
_OUTCOME = (
    id_of("outcome_id", _("The outcome.")),
    _CUSTOMER,
    Field("kind", "string", _("What sort of outcome it is."), "outcome"),
    Field("settlement", "string", _("How it ended; empty while it is open."), ""),
)
_SIGNAL = (
    id_of("signal_id", _("The signal.")),
    _CUSTOMER,
    Field("kind", "string", _("What is changing."), "sponsor_change"),
)
_KPI = (id_of("kpi_id", _("The KPI.")), id_of("outcome_id", _("Its outcome.")), _CUSTOMER)
_MEASUREMENT = (
    id_of("measurement_id", _("The measurement.")),
    *_KPI,
    Field("value", "decimal", _("The figure, as a decimal string."), "42.5"),
    Field("measured_on", "day", _("The day it is of."), "2026-06-16"),
)
_WIN = (
    id_of("win_id", _("The win.")),
    _CUSTOMER,
    id_of("kpi_id", _("The KPI that reached its target; null where there is none.")),
    id_of("outcome_id", _("Its outcome; null where there is none.")),
)
_TASK = (
    id_of("task_id", _("The task.")),
    id_of("customer_id", _("Its customer; null where it has none.")),
    Field("source", "string", _("What made it: manual, playbook, churn, relay, shock …"), "playbook"),
)
_PLAYBOOK = (
    id_of("playbook_id", _("The playbook.")),
    Field("because", "string", _("Why it is paused; empty while it is not."), "too_many_runs"),
)
_RUN = (
    id_of("run_id", _("The run.")),
    id_of("playbook_id", _("Its playbook.")),
    _CUSTOMER,
)
_RELAY = (
    id_of("relay_id", _("The handover.")),
    _CUSTOMER,
    Field("from_stage", "string", _("The key of the stage before; null for the first one."), "trial"),
    Field("to_stage", "string", _("The key of the stage it leads to."), "decision"),
    Field("giver_department", "string", _("The department that hands over."), "marketing"),
    Field("taker_department", "string", _("The department that takes."), "sales"),
    id_of("move_id", _("The move it led to; null while there is none.")),
)

_PLAN_LINK = (_CUSTOMER, id_of("link_id", _("The link.")))

_ADVOCACY = (
    id_of("advocacy_id", _("The act of advocacy.")),
    _CUSTOMER,
    Field("kind", "string", _("What they do: referral, review, testimonial and so on."), "referral"),
    id_of("referred_id", _("The customer a referral brought; null where there is none.")),
)
_INDICATOR = (id_of("indicator_id", _("The indicator of adoption.")), _CUSTOMER)
_PERSON = (
    _CUSTOMER,
    id_of("contact_id", _("The contact; null where people are shown under pseudonyms.")),
    Field("pseudonym", "string", _("The person's pseudonym; null where people are shown by name."), "3F7KQ2"),
    Field("before", "string", _("The state before; null where there was none."), "invited"),
    Field("day", "day", _("The day it is of."), "2026-06-16"),
)
_REQUEST = id_of("request_id", _("The request or pain point."))

declare(
    EventType("contact.first_used", _("Somebody at a customer has used the product for the first time."), _PERSON),
    EventType("contact.activated", _("Somebody does what activation asks for, or is back after a lapse."), _PERSON),
    EventType("contact.habit_formed", _("The product has become a habit of somebody."), _PERSON),
    EventType("contact.lapsed", _("Somebody who was activated has fallen silent."), _PERSON),
    EventType("adoption_indicator.defined", _("Somebody has said what will show adoption."), _INDICATOR),
    EventType(
        "adoption_indicator.reached",
        _("An indicator of adoption is reached, and recorded as a win."),
        (*_INDICATOR, id_of("win_id", _("The win."))),
    ),
    EventType(
        "adoption_plan.changed",
        _("The share of people in habit that is planned for a customer has changed."),
        (_CUSTOMER, Field("number", "integer", _("The version of the plan."), "2")),
    ),
    EventType(
        "adoption_rules.changed",
        _("What counts as activated, habitual and lapsed has changed."),
        (
            Field("number", "integer", _("The version of the rules."), "2"),
            Field("effective_on", "day", _("The day they count from."), "2026-06-16"),
        ),
    ),
)
declare(
    EventType("advocacy.suggested", _("Somebody thought a customer might speak for us."), _ADVOCACY),
    EventType("advocacy.asked", _("A customer was asked to speak for us."), _ADVOCACY),
    EventType("advocacy.agreed", _("A customer has agreed to speak for us."), _ADVOCACY),
    EventType("advocacy.done", _("A customer has spoken for us, or referred somebody."), _ADVOCACY),
    EventType("advocacy.thanked", _("A customer was thanked for it."), _ADVOCACY),
    EventType("advocacy.declined", _("A customer would rather not."), _ADVOCACY),
    EventType("request.raised", _("A customer has asked for something, or told what hurts."), (_REQUEST, _CUSTOMER)),
    EventType(
        "request.answered",
        _("Product has answered a request: it is planned, has shipped, is declined or open again."),
        (_REQUEST, Field("status", "string", _("Where it stands now."), "planned")),
    ),
    EventType(
        "request.shipped",
        _("Something asked for has shipped; told once for each customer that asked."),
        (_REQUEST, id_of("customer_id", _("A customer that asked; null where nobody did."))),
    ),
    EventType(
        "request.merged",
        _("A request turned out to be the same as another one."),
        (_REQUEST, id_of("into_id", _("The request it counts for from now on."))),
    ),
)
declare(
    EventType(
        "stage.entered",
        _("A customer has moved to another stage of its journey, onwards or back."),
        (
            _CUSTOMER,
            id_of("move_id", _("The move in the customer's history.")),
            Field("stage", "string", _("The key of the stage it is in now."), "adoption"),
            Field("from_stage", "string", _("The key of the stage before; null for the first one."), "decision"),
            Field("kind", "string", _("What sort of move it was."), "forward"),
        ),
    ),
    EventType(
        "lap.began",
        _("The boomerang was thrown again: a renewal, an expansion, or a return after churn."),
        (
            _CUSTOMER,
            id_of("lap_id", _("The lap.")),
            Field("kind", "string", _("What threw it."), "renewal"),
            Field("number", "integer", _("Its number among the customer's laps, from 1."), "2"),
        ),
    ),
    EventType(
        "customer.churned",
        _("A customer's last paid subscription has ended, and the grace period with it."),
        (
            _CUSTOMER,
            id_of("move_id", _("The move in the customer's history.")),
            Field("churned_on", "day", _("The first day without a subscription."), "2026-06-16"),
        ),
    ),
    EventType(
        "churn.explained",
        _("Somebody has named why a customer churned."),
        (
            _CUSTOMER,
            id_of("move_id", _("The churn in the customer's history.")),
            Field("force", "string", _("What it was: competitor, internal, external or vendor."), "competitor"),
        ),
    ),
    EventType(
        "task.created",
        _("Somebody, or a rule, has made a task."),
        _TASK,
    ),
    EventType("task.taken", _("Somebody has made a task their own."), _TASK),
    EventType("task.snoozed", _("A task was put off until a day."), _TASK),
    EventType("task.woken", _("A task that was put off is open again."), _TASK),
    EventType("task.changed", _("A task reads differently, or somebody else is to do it."), _TASK),
    EventType("task.finished", _("A task is done."), _TASK),
    EventType("task.cancelled", _("A task is not to be done any more."), _TASK),
    EventType("task.reopened", _("A task that was done or cancelled is open again."), _TASK),
    EventType("playbook.created", _("Somebody has written a playbook."), _PLAYBOOK),
    EventType("playbook.changed", _("A playbook says something else."), _PLAYBOOK),
    EventType("playbook.activated", _("A playbook runs from now on."), _PLAYBOOK),
    EventType("playbook.resumed", _("A playbook that was paused goes on."), _PLAYBOOK),
    EventType("playbook.paused", _("A playbook was paused, by hand or by itself."), _PLAYBOOK),
    EventType("playbook.retired", _("A playbook is out of use."), _PLAYBOOK),
    EventType("playbook_run.finished", _("A run of a playbook is through."), _RUN),
    EventType("playbook_run.failed", _("A run of a playbook was stopped by a fault."), _RUN),
    EventType("playbook_run.cancelled", _("A run of a playbook was ended by hand."), _RUN),
    EventType("relay.offered", _("A customer is offered to another department."), _RELAY),
    EventType("relay.accepted", _("The other department has taken the customer."), _RELAY),
    EventType("relay.declined", _("The other department has declined, with a reason."), _RELAY),
    EventType("relay.withdrawn", _("The offer was taken back."), _RELAY),
    EventType("relay.escalated", _("Nobody has answered the offer in time."), _RELAY),
    EventType("outcome.defined", _("It is agreed what a customer expects."), _OUTCOME),
    EventType("outcome.revised", _("What a customer expects has changed, with a reason."), _OUTCOME),
    EventType("outcome.settled", _("An outcome has ended: met, missed or waived."), _OUTCOME),
    EventType("outcome.reopened", _("An outcome that had ended is open again."), _OUTCOME),
    EventType("kpi.added", _("An outcome is measured by another figure."), _KPI),
    EventType("kpi.revised", _("A KPI has changed: its target, its day or how it is measured."), _KPI),
    EventType("kpi.retired", _("A KPI counts no more."), _KPI),
    EventType("measurement.recorded", _("A figure of a KPI is known."), _MEASUREMENT),
    EventType("measurement.corrected", _("A figure was replaced by a better one."), _MEASUREMENT),
    EventType("measurement.withdrawn", _("A figure was taken back."), _MEASUREMENT),
    EventType("win.recorded", _("A customer has reached something worth celebrating."), _WIN),
    EventType("win.celebrated", _("A win was celebrated with the customer."), _WIN),
    EventType(
        "engagement.logged",
        _("Somebody has spoken with a customer; told once for each customer that took part."),
        (
            id_of("engagement_id", _("The engagement.")),
            _CUSTOMER,
            Field("direction", "string", _("Who spoke to whom."), "vendor_to_customer"),
            Field("channel", "string", _("How they spoke."), "call"),
        ),
    ),
    EventType("kpi.confirmed", _("The customer has confirmed a KPI on the shared plan."), _KPI),
    EventType(
        "kpi.status_changed",
        _("A KPI stands differently than the day before."),
        (
            *_KPI,
            Field("status", "string", _("How it stands now."), "at_risk"),
            Field("before", "string", _("How it stood at the end of the day before."), "on_track"),
            Field("day", "day", _("The day it is of."), "2026-06-16"),
        ),
    ),
    EventType("shared_plan.created", _("A link opens the plan to the customer."), _PLAN_LINK),
    EventType("shared_plan.revoked", _("A link to the plan opens nothing any more."), _PLAN_LINK),
    EventType(
        "shared_plan.commented",
        _("The customer has said something beside its plan."),
        (
            _CUSTOMER,
            id_of("comment_id", _("The comment.")),
            id_of("outcome_id", _("The outcome it is about; null where it is about the whole plan.")),
        ),
    ),
    EventType("signal.recorded", _("Something is changing at a customer."), _SIGNAL),
    EventType("signal.answered", _("Somebody has answered a signal of change."), _SIGNAL),
    EventType(
        "shock.declared",
        _("Something has hit many customers at once."),
        (
            id_of("shock_id", _("The shock.")),
            Field("customers", "integer", _("How many are exposed."), 12),
            Field("arr_minor", "integer", _("Their yearly revenue, in minor units."), 480_000_00),
        ),
    ),
    EventType(
        "shock.customer_exposed",
        _("A customer is exposed to a shock; told once for each of them."),
        (id_of("shock_id", _("The shock.")), _CUSTOMER),
    ),
    EventType("shock.closed", _("A shock is over."), (id_of("shock_id", _("The shock.")),)),
)
