"""The events of surveys, described for receivers of webhooks and for playbooks."""

from django.utils.translation import gettext_lazy as _

from accounts.webhooks.catalogue import EventType, Field, declare, id_of

_SURVEY = id_of("survey_id", _("The survey."))
_ANSWER = (
    _SURVEY,
    id_of("response_id", _("The answer.")),
    id_of("customer_id", _("The customer of whoever answered, where it is known."), always=False),
    id_of("contact_id", _("Who answered, where it is known."), always=False),
    Field("kind", "string", _("Of a known customer: top3, nps, csat, ces or form."), "nps", always=False),
    Field("score", "integer", _("The score given, in surveys that ask for one."), 9, always=False),
    Field(
        "group",
        "string",
        _(
            "Of a known customer: promoter, passive, detractor (NPS), satisfied, neutral, dissatisfied (CSAT), easy, "
            "neutral, hard (CES)."
        ),
        "promoter",
        always=False,
    ),
)
_COUNT = Field("count", "integer", _("How many."), 3)

declare(
    EventType("survey.opened", _("A survey takes answers from now on."), (_SURVEY,)),
    EventType("survey.closed", _("A survey takes no more answers."), (_SURVEY,)),
    EventType(
        "survey.published",
        _("A version of a survey's results has become public."),
        (_SURVEY, Field("number", "integer", _("The version, from 1."), 1)),
    ),
    EventType("survey.response_received", _("Somebody has answered a survey."), _ANSWER),
    EventType("survey.response_changed", _("Somebody has changed an answer."), _ANSWER),
    EventType(
        "survey.answers_removed",
        _("Answers were taken out of the count, with a reason in the survey's public log."),
        (_SURVEY, _COUNT),
    ),
    EventType("survey.answers_restored", _("Removed answers count again."), (_SURVEY, _COUNT)),
)
