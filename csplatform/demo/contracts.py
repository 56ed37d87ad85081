"""From a plan to subscriptions: terms, renewals, uplifts, expansions, and who leaves when.

Whether a customer stays is decided at its notice deadlines (annual) or months (monthly), from what it felt *then*:
see `[churn]` in `population.toml`. Terms before the window are not decided: a customer in the data survived them.

Every term is a row of its own. `ended_on` is exclusive (the successor starts on that day), so a term served in full
ends exactly one billing period after its start and is never taken for an early termination.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from csplatform.demo.calendar import add_months, months_between
from csplatform.demo.plan import Deal, Plan, Subscription

_LOST_TO = ["competitor", "budget", "not adopted", "acquired", "went out of business"]


def leaving_chance(plan: Plan, *, day: int, monthly: bool, first_term: bool) -> float:
    """The chance to leave at a decision taken on `day`: the logistic part plus the sudden part."""
    churn = plan.world.catalogue.population["churn"]
    fall = float(np.clip(-np.log(max(plan.felt(day), 0.05)), -0.5, 1.5))
    logit = (
        churn["base_monthly" if monthly else "base_annual"]
        + churn["falling"] * fall
        + churn["shallow"] * plan.shallowness
        + churn["no_sponsor"] * plan.sponsor_absent(day)
        + churn["first_term"] * first_term
        + churn["untold"] * plan.untold
    )
    seen = 1.0 / (1.0 + np.exp(-logit))
    sudden = churn["sudden_monthly" if monthly else "sudden_annual"]
    return float(sudden + (1.0 - sudden) * seen)


class _Book:
    """Writes one customer's subscriptions and its days with access."""

    def __init__(self, plan: Plan, deal: Deal) -> None:
        self.plan, self.deal, self.window, self.rng = plan, deal, plan.window, plan.rng
        self.price = deal.price_factor * float(self.rng.uniform(0.9, 1.1))
        self.first_plan, self.list_price = plan.world.price(deal.seats)

    def row(
        self,
        seats: int,
        start: date,
        renewal: date | None,
        *,
        months: int,
        addon: bool = False,
    ) -> Subscription:
        """Append the row of a term; an add-on ends with its term and does not renew by itself."""
        vendor, plan, deal = self.plan.world.catalogue.vendor, self.plan, self.deal
        arr = round(seats * self.list_price * self.price * 12) * 100
        subscription = Subscription(
            external_id=f"sub-{plan.external_id}-{len(plan.subscriptions) + 1}",
            product=f"{vendor['product']} extra seats" if addon else vendor["product"],
            plan=self.first_plan,
            seats=seats,
            arr_cents=max(arr, 100),
            billing_months=months,
            starts_on=start,
            renewal_on=renewal,
            auto_renews=deal.auto_renews and not addon,
            notice_days=0 if addon else deal.notice_days,
        )
        plan.subscriptions.append(subscription)
        return subscription

    # ------------------------------------------------------------------------------------------------- annual

    def annual(self) -> None:
        """Terms of `billing_months`, one row each, until the end of the data or of the relation."""
        deal, months, seats, term = (
            self.deal,
            self.deal.billing_months,
            self.deal.seats,
            0,
        )
        while True:
            start, end = (
                add_months(deal.start, term * months),
                add_months(deal.start, (term + 1) * months),
            )
            main = self.row(seats, start, end, months=months)
            addons = self._expand(main, start, end)
            if self._leaves_early(main, addons, start, end) or self._leaves_at_term(main, end, term):
                return
            if end > self.window.end:
                self._open(deal.start, None)
                return
            self._served(main, end)
            seats = self._renewed_seats(main.seats + sum(addon.seats for addon in addons), end)
            self.price *= 1.0 + float(self.rng.uniform(*self._uplift))
            term += 1

    @property
    def _uplift(self) -> tuple[float, float]:
        low, high = self.plan.world.catalogue.population["contract"]["uplift"]
        return low, high

    def _expand(self, main: Subscription, start: date, end: date) -> list[Subscription]:
        """Add-ons bought inside this term, from the next month's day of the term until its end."""
        rows: list[Subscription] = []
        for at, factor in sorted(self.deal.expansions):
            bought = self.window.date(at)
            if not start < bought < end or at > self.window.last:
                continue
            passed = months_between(start, bought)
            months = self.deal.billing_months - passed
            seats = max(1, round((main.seats + sum(row.seats for row in rows)) * (factor - 1.0)))
            rows.append(self.row(seats, add_months(start, passed), end, months=months, addon=True))
            self.plan.joins.append(
                (
                    self.window.number(add_months(start, passed)),
                    max(1, round(seats * self.plan.seat_use)),
                )
            )
        return rows

    def _served(self, row: Subscription, end: date) -> None:
        """A term that ran out and was followed by the next: for one that renews by itself that is known then."""
        if row.auto_renews:
            row.ended_on = row.ended_known = end

    def _leaves_early(self, main: Subscription, addons: list[Subscription], start: date, end: date) -> bool:
        cancel = self.deal.cancel
        if cancel is None or cancel.ends is None:
            return False
        last = self.window.date(cancel.ends)
        if not start < last < end:
            return False
        for row in [main, *addons]:
            row.cancelled_on, row.ended_on, row.ended_known = (
                self.window.date(cancel.notice),
                last,
                last,
            )
        self._left(last, cancel.notice, cancel.wind_down)
        return True

    def _leaves_at_term(self, main: Subscription, end: date, term: int) -> bool:
        deal, window = self.deal, self.window
        deadline = window.number(end) - deal.notice_days
        if deal.cancel is not None and deal.cancel.ends is None:
            notice = window.date(deal.cancel.notice)
            if main.starts_on <= notice < end:
                self._cancel(main, end, notice, deal.cancel.wind_down)
                return True
            return False
        if deal.lapses and end <= window.end < add_months(end, deal.billing_months):
            self._left(end, deadline, None)
            return True
        if deal.loyal or deadline > window.last or deadline < 14:
            return False
        chance = leaving_chance(self.plan, day=deadline, monthly=False, first_term=term == 0)
        if self.rng.random() >= chance:
            return False
        told = window.date(deadline - int(self.rng.integers(0, 25)))
        if deal.auto_renews or self.rng.random() < 0.5:
            self._cancel(main, end, max(told, main.starts_on), None)
        elif end <= window.end:
            self._left(end, deadline, None)  # nobody says so: the term just runs out
        else:
            self._open(deal.start, None)
        return True

    def _cancel(self, main: Subscription, end: date, notice: date, wind_down: float | None) -> None:
        main.cancelled_on, main.ended_on, main.ended_known = notice, end, notice
        self._left(end, self.window.number(notice), wind_down)

    def _renewed_seats(self, seats: int, end: date) -> int:
        """Seats of the next term: fewer when much of them lies idle, more when it went well."""
        day = self.window.number(end)
        if day < 14:
            return seats
        felt, roll = self.plan.felt(day), self.rng.random()
        if felt < 0.55 and roll < 0.5 and not self.deal.loyal:
            return max(2, round(seats * self.rng.uniform(0.7, 0.92)))
        if felt > 0.95 and roll < 0.35:
            more = round(seats * (self.rng.uniform(1.06, 1.25)))
            if more > seats:
                self.plan.joins.append((day, more - seats))
            return max(more, seats)
        return seats

    # ------------------------------------------------------------------------------------------------ monthly

    def monthly(self) -> None:
        """One open-ended row that renews every month, until notice is given or the data ends."""
        deal, window, plan = self.deal, self.window, self.plan
        row = self.row(deal.seats, deal.start, None, months=1)
        month = months_between(deal.start, window.start)
        while (end := add_months(deal.start, month + 1)) <= window.end + timedelta(days=14):
            day, month = window.number(end) - 12, month + 1
            if not 14 <= day <= window.last:
                continue
            forced = deal.cancel is not None and window.number(end) - 31 <= deal.cancel.notice < window.number(end)
            chance = leaving_chance(plan, day=day, monthly=True, first_term=month <= 6)
            leaves = deal.cancel is None and not deal.loyal and self.rng.random() < chance
            if forced or leaves:
                notice = deal.cancel.notice if deal.cancel else max(day - int(self.rng.integers(0, 12)), 0)
                self._cancel(row, end, max(window.date(notice), row.starts_on), None)
                return
        self._open(deal.start, None)

    # ------------------------------------------------------------------------------------------- access, leaving

    def _open(self, start: date, end: date | None) -> None:
        """Access from a day until (not on) another, within the window."""
        window = self.window
        until = window.days if end is None else min(window.number(end), window.days)
        first = max(window.number(start), 0)
        if until > first:
            self.plan.open_spans.append((first, until))

    def _left(self, end: date, decided: int, wind_down: float | None) -> None:
        """The relation ends: usage sinks from the decision to the last day, then access closes."""
        window, plan = self.window, self.plan
        left = plan.world.catalogue.population["churn"]["wind_down"] if wind_down is None else wind_down
        last = window.number(end)
        progress = np.clip((np.arange(window.days) - decided) / max(last - decided, 1), 0.0, 1.0)
        plan.commitment *= np.where(np.arange(window.days) < last, 1.0 + (left - 1.0) * progress, 1.0)
        self._open(self.deal.start, end)
        if last > window.last:
            return
        plan.left_on = last
        if not plan.marks and self.rng.random() < 0.7:
            plan.marks["lost_to"] = str(self.rng.choice(_LOST_TO))


def sign(plan: Plan) -> None:
    """Write the plan's subscriptions and days with access. A customer without deal gets neither."""
    if plan.trial is not None and plan.trial[0] <= plan.window.last:
        begins = plan.contract_day
        until = plan.window.days if begins is None else max(begins, 0)
        if until > max(plan.trial[0], 0):
            plan.open_spans.append((max(plan.trial[0], 0), until))
    deal = plan.deal
    if deal is None:
        return
    book = _Book(plan, deal)
    if deal.billing_months == 1:
        book.monthly()
    else:
        book.annual()
    if deal.returns is not None and plan.left_on is not None and plan.left_on < deal.returns[0] <= plan.window.last:
        at, factor = deal.returns
        again = Deal(
            plan.window.date(at),
            max(2, round(deal.seats * factor)),
            deal.price_factor,
            deal.billing_months,
            deal.notice_days,
            deal.auto_renews,
            loyal=True,
        )
        plan.left_on = None
        second = _Book(plan, again)
        second.annual() if again.billing_months > 1 else second.monthly()
