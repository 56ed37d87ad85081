"""`python -m csplatform.demo FOLDER [--end DATE] …`: write the import files of a simulated workspace."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from csplatform.demo.catalogue import CatalogueError, default, load
from csplatform.demo.simulation import Simulation, yesterday


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m csplatform.demo", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write; made if needed")
    parser.add_argument(
        "--end",
        type=date.fromisoformat,
        help="last day with data (default: yesterday, UTC)",
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--days", type=int, help="length of the window in days, instead of --months")
    parser.add_argument(
        "--events",
        type=int,
        help="wanted number of events (default: what the habits give)",
    )
    parser.add_argument(
        "--latest",
        action="store_true",
        help="one row per customer, without earlier stages",
    )
    parser.add_argument("--stories", type=Path, help="another stories.toml")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Write the files and name them; 2 with one line on stderr when the parameters or stories are unusable."""
    given = _arguments().parse_args(arguments)
    try:
        data = Simulation(
            end=given.end or yesterday(datetime.now(UTC)),
            seed=given.seed,
            customers=given.customers,
            months=given.months,
            days=given.days,
            events=given.events,
            history=not given.latest,
            catalogue=load(given.stories) if given.stories else default(),
        ).run()
        paths = data.write(given.folder)
    except (CatalogueError, ValueError, OSError) as error:
        sys.stderr.write(f"Nothing usable was written: {error}\n")
        return 2
    for path in (paths.customers, paths.contacts, paths.subscriptions, paths.moves, paths.events):
        sys.stdout.write(f"{path}\n")
    sizes = f"{len(data.plans)} customers, {len(data.users.on)} users, {len(data.events)} events"
    sys.stderr.write(f"{sizes}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
