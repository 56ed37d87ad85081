"""One simulated demo workspace, shared by the tests that only read it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from csplatform.demo import DataSet, Simulation

END = date(2026, 7, 10)


@dataclass(frozen=True)
class Written:
    """A data set together with its files as an importer reads them."""

    data: DataSet
    customers: list[dict[str, str]]
    contacts: list[dict[str, str]]
    subscriptions: list[dict[str, str]]
    events: dict[str, np.ndarray[Any, Any]]

    def ids(self, story: str) -> list[str]:
        return [plan.external_id for plan in self.data.plans if plan.story == story]

    def id(self, story: str) -> str:
        return self.ids(story)[0]

    def of(self, table: list[dict[str, str]], customer: str) -> list[dict[str, str]]:
        return [row for row in table if row.get("customer_external_id", row["external_id"]) == customer]

    @cached_property
    def _counts(self) -> dict[str, np.ndarray[Any, Any]]:
        names, customer = np.unique(self.events["customer_external_id"], return_inverse=True)
        days = self.data.simulation.window.days
        counts = np.bincount(customer * days + self.events["day"], minlength=len(names) * days)
        return dict(zip(names, counts.reshape(-1, days), strict=True))

    def events_per_day(self, customer: str) -> np.ndarray[Any, Any]:
        """Events on each day of the window."""
        none = np.zeros(self.data.simulation.window.days, dtype=int)
        return self._counts.get(customer, none).copy()


def read(folder: Path, data: DataSet) -> Written:
    paths = data.write(folder)

    def table(path: Path) -> list[dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    arrow = pq.read_table(paths.events)
    columns = {name: arrow.column(name).to_numpy() for name in arrow.column_names}
    start = np.datetime64(data.simulation.window.start)
    columns["day"] = (columns["timestamp"].astype("datetime64[D]") - start).astype(int)
    return Written(data, table(paths.customers), table(paths.contacts), table(paths.subscriptions), columns)


@pytest.fixture(scope="session")
def sherwood(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return read(tmp_path_factory.mktemp("sherwood"), Simulation.sherwood(END).run())
