"""The simulator: a seeded, invented vendor with its customers, their contracts, people and product events.

It needs no database and imports no Django: parameters go in, import files come out (`files.py`). The demo
workspace, tests (5 customers, 3 months) and benches (20,000 customers, 10 M events in 90 days) all use it::

    from csplatform.demo import Simulation, yesterday
    data = Simulation(end=yesterday(now), customers=300, months=24).run()
    paths = data.write(Path("demo"))

or `python -m csplatform.demo demo --end 2026-06-30`. The same parameters give the same bytes.

How it works
------------
1. **Plans** (`population.py`). Stories of `stories.toml` come first, the rest are drawn from archetypes. A customer
   gets a company of an industry and a country (`population.toml`), a name of invented stems (`words.toml`) and a list
   of mechanisms (`mechanisms.py`), which write two curves over all days – *commitment* (drives usage **and** the wish
   to renew) and *surroundings* (moves usage alone) – and facts: contract, sponsor, seats, habits. Cohorts then hit
   everyone of an industry or country.
2. **Contracts** (`contracts.py`). Terms follow each other, each a row; at every notice deadline inside the window the
   customer stays or leaves with a chance that depends on what it felt *then*, on a missing sponsor, on how shallow its
   adoption is, on something untold, and on plain bad luck (`[churn]`). After notice, usage winds down.
3. **People** (`people.py`). Users are invited, begin, leave and are succeeded; each has an own habit (log-normal), and
   an own threshold of commitment below which it lies dormant, so adoption and decay happen person by person.
4. **Journey** (`journey.py`, `moves.py`). Stages that agree with the above, back steps included, with reasons.
5. **Promises** (`outcomes.py`). What customers expect, with KPIs that move as commitment does; trial criteria.
6. **Usage** (`usage.py`). Active days, events on them, features as they are taken up, times within working hours.

The mechanisms
--------------
Contract: `contract` (begins on a day, or renews on a day), `loyal`, `cancel` (notice, at the end of the term or early),
`lapse` (a term that nobody renews), `returns`, `expansion` (seats in mid-term), `prospect`, `trial`, `mark`.
Commitment: `ramp` (adoption), `step`, `decay`, `drift`, `wander` (ups and downs without a reason), `sponsor_leaves`,
`no_sponsor`. Surroundings: `season`, `week`, `shock` (partly felt), `outage`, `silent`. People: `seat_use`, `habit`,
`features`, `new_users`, `users_leave`. Each says more in its own docstring; all are data in `stories.toml`.

What holds in every data set
----------------------------
Events lie within the window, and only on days on which their customer had access (contract or trial). Everything an
importer reads carries `known_at`, and nothing in a row was known later than that: a contact that stops being the
sponsor, a stage that is entered, an end that is told are **further rows** with the same `external_id`. A subscription's
`ends_on` is the first day without service and equals the successor's `starts_on`. A monthly subscription is one
open-ended row without `renewal_on`. Churn is learnable but not given away: the score of activity, habit and sponsor
ranks customers that leave within 90 days with an AUC around 0.7 to 0.75 (see `tests/demo`), and part of those who
leave look perfectly well.

What is left out on purpose: daylight saving (hours move by one, days do not), currencies other than the vendor's,
and a CRM's noise such as renamed companies.
"""

from csplatform.demo.simulation import DataSet, Paths, Simulation, yesterday

__all__ = ["DataSet", "Paths", "Simulation", "yesterday"]
