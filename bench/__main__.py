"""``make bench``: run the benches, print one table, write ``bench/results.json``.

``python -m bench [NAME …]`` runs some of them. BENCH_SCALE (default 1) shrinks or grows the amounts of data.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from bench import database
from bench.table import Row, render

BENCHES = (
    "ingest_http",
    "event_to_score",
    "score_full",
    "score_one",
    "score_twenty",
    "backfill",
    "nightly",
    "backtest",
    "growth",
    "lab",
    "survey_submit",
    "survey_results",
    "survey_recount",
    "picture",
    "playbooks",
    "ledger",
)
RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    """Parse, run, print; 0 when every bench came to its end."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run: {', '.join(BENCHES)} (default: all)")
    # Told to stop, clean up: web server, worker, files and database of the bench go with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = parser.parse_args().names or list(BENCHES)
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        parser.error(f"there is no bench called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    try:
        scale = _scale(os.environ.get("BENCH_SCALE") or "1")
        with database.own():
            rows = _run(names, scale)
    except (ValueError, RuntimeError) as error:
        _say(str(error))
        return 1
    _print(render(rows))
    RESULTS.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n", encoding="utf-8")
    return 0


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale <= 100:
        raise ValueError(f"BENCH_SCALE is {text!r}: expected a number above 0, 1 being the full size.")
    return scale


def _run(names: list[str], scale: float) -> list[Row]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csplatform.settings")
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from bench.machine import peak_memory_mb
    from csplatform.core.routers import OWNER

    call_command("migrate", database=OWNER, verbosity=0, interactive=False)
    rows: list[Row] = []
    try:
        for name in names:
            began = time.monotonic()
            found: list[Row] = importlib.import_module(f"bench.{name}").run(scale)
            seconds = time.monotonic() - began
            _say(
                f"{name}: {seconds:.0f} s, peak memory of the bench so far {peak_memory_mb():.0f} MB\n{render(found)}\n"
            )
            rows += found
    finally:
        connections.close_all()
    return rows


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
