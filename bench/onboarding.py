"""From files to a proof in a real Chromium, against an installation that runs: wall time of every step.

``python -m bench.onboarding --email OWNER --password P FILE …`` signs in as the owner of an empty workspace on this
machine, uploads the files through the page, takes what is proposed, and waits for the proof. Not part of ``make
bench``: it needs an installation of its own (`make run`) and a workspace made for it (`create_workspace`).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PATIENCE_SECONDS = 1_200
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


class StoppedError(Exception):
    """The path did not come to its end; the message is what the page says."""


def main() -> int:
    """Parse, drive, print one line a step and the sum; 1 when the path stopped."""
    parser = argparse.ArgumentParser(prog="python -m bench.onboarding", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the installation, on this machine")
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of the page after each step")
    given = parser.parse_args()
    if urlsplit(given.url).hostname not in LOOPBACK:
        parser.error("--url must be on this machine")
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if not chromium:
        parser.error("there is no Chromium: install it, or name it in CHROMIUM")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE_SECONDS * 1_000)
        try:
            return _drive(page, given)
        except (StoppedError, TooLate) as error:
            sys.stderr.write(f"{error}\n")
            return 1
        finally:
            browser.close()


def _drive(page: Page, given: argparse.Namespace) -> int:
    _sign_in(page, given)
    began = time.monotonic()
    with _timed("upload and proposal", page, given):
        page.goto(f"{given.url}/start/")
        page.set_input_files("#files-input", [str(path) for path in given.files])
        page.click("form.start-upload button")
        page.wait_for_selector("form.start-go button")
    with _timed("import", page, given):
        page.click("form.start-go button")
        _until(page, "files")
    with _timed("measures, counting", page, given):
        page.click("form[action$='/start/prove/'] button.btn-primary")
        _until(page, "measures")
    with _timed("back-fill", page, given):
        _until(page, "backfill")
    with _timed("training and back-test", page, given):
        _until(page, "training")
    with _timed("proof page", page, given):
        page.click("#training .btn-row a >> nth=0")
        page.wait_for_load_state()
    sys.stdout.write(f"{'all':<28}{time.monotonic() - began:>8.1f} s\n")
    return 0


def _sign_in(page: Page, given: argparse.Namespace) -> None:
    page.goto(f"{given.url}/accounts/login/")
    page.fill("[name=login]", given.email)
    page.fill("[name=password]", given.password)
    page.click("form button[type=submit], form button.btn-primary")
    page.wait_for_url(f"{given.url}/")


def _until(page: Page, step: str) -> None:
    """Until a step is done, as the page says it by itself; raises ``StoppedError`` with its problem."""
    page.wait_for_selector(f"#{step}.is-done, .message.risk")
    if not page.query_selector(f"#{step}.is-done"):
        raise StoppedError(page.inner_text(".message.risk"))


@contextmanager
def _timed(what: str, page: Page, given: argparse.Namespace) -> Iterator[None]:
    began = time.monotonic()
    yield
    sys.stdout.write(f"{what:<28}{time.monotonic() - began:>8.1f} s\n")
    sys.stdout.flush()
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=given.pictures / f"{what.replace(' ', '-')}.png", full_page=True)


if __name__ == "__main__":
    sys.exit(main())
