"""What each department does at each macro stage, until the workspace says it in its own words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.roles import Department
from journeys.models import Macro

_D, _M = Department, Macro

WORDS: dict[tuple[Macro, Department], Any] = {
    (_M.AWARENESS, _D.MARKETING): _("Says why to invest, and what not investing costs; qualifies the fit"),
    (_M.AWARENESS, _D.PRODUCT): _("Listens to the market and names the pain points solved"),
    (_M.CONSIDERATION, _D.MARKETING): _("Shows the future state, and hands qualified interest over to sales"),
    (_M.CONSIDERATION, _D.SALES): _("Takes over qualified interest and names an owner"),
    (_M.CONSIDERATION, _D.PRODUCT): _("Says what the product can and will do"),
    (_M.TRIAL, _D.SALES): _("Agrees the success criteria before the trial starts, and settles each"),
    (_M.TRIAL, _D.CUSTOMER_SUCCESS): _("Supports the proof of concept"),
    (_M.TRIAL, _D.PRODUCT): _("Answers what the trial shows to be missing"),
    (_M.DECISION, _D.SALES): _("Wins the sponsor, agrees expected outcomes with their KPIs, and the contract"),
    (_M.DECISION, _D.CUSTOMER_SUCCESS): _("Checks that the outcomes can be kept, and accepts the handover"),
    (_M.DECISION, _D.FINANCE): _("Makes the terms: billing, renewal and notice"),
    (_M.DECISION, _D.MANAGEMENT): _("Meets the customer's management"),
    (_M.ADOPTION, _D.CUSTOMER_SUCCESS): _("Brings every single user to new habits; measures and celebrates adoption"),
    (_M.ADOPTION, _D.SUPPORT): _("Answers questions of the first days quickly"),
    (_M.ADOPTION, _D.PRODUCT): _("Smooths the first impression"),
    (_M.ADOPTION, _D.FINANCE): _("Sends the first invoice right"),
    (_M.PERFORMANCE, _D.CUSTOMER_SUCCESS): _("Has the KPIs measured, and celebrates wins"),
    (_M.PERFORMANCE, _D.SALES): _("Takes up opportunities for expansion"),
    (_M.PERFORMANCE, _D.SUPPORT): _("Solves tickets, and says what comes back"),
    (_M.PERFORMANCE, _D.PRODUCT): _("Answers requests, and tells when they ship"),
    (_M.PERFORMANCE, _D.FINANCE): _("Watches payments and notice periods"),
    (_M.TRANSFORMATION, _D.CUSTOMER_SUCCESS): _("Proves the return, and makes the renewal a formality"),
    (_M.TRANSFORMATION, _D.SALES): _("Proposes new packages"),
    (_M.TRANSFORMATION, _D.SUPPORT): _("Solves tickets, and says what comes back"),
    (_M.TRANSFORMATION, _D.PRODUCT): _("Invites to the advisory council"),
    (_M.TRANSFORMATION, _D.FINANCE): _("Prepares the renewal before the notice deadline"),
    (_M.TRANSFORMATION, _D.MARKETING): _("Writes up what was reached"),
    (_M.ADVOCACY, _D.CUSTOMER_SUCCESS): _("Finds those who are thrilled, asks them, and hands over to marketing"),
    (_M.ADVOCACY, _D.MARKETING): _("Gives advocates a stage, and thanks them"),
    (_M.ADVOCACY, _D.SALES): _("Follows up every referral"),
    (_M.ADVOCACY, _D.PRODUCT): _("Builds what advocates ask for with them"),
    (_M.ADVOCACY, _D.FINANCE): _("Renews and bills without a hitch"),
    (_M.ADVOCACY, _D.MANAGEMENT): _("Brings the customers' leaders together"),
}
