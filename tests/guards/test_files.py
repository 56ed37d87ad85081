"""The repository itself: short files, used templates, nothing of one machine, nothing from another host."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from django.template import engines

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 400
_SOURCES = {".py", ".html", ".css", ".js"}
# Namespaces are names that look like addresses: nothing is loaded from them.
_NAMESPACES = ("http://www.w3.org/",)
_ADDRESS = re.compile(r"""https?://[^\s"'<>)]+|(?<![:\w])//[a-z0-9-]+\.[a-z]{2,}/""")
_MACHINE = re.compile(r"(?<![\w.])/(?:root|home|Users|work)/[\w.-]+|/tmp/wt|\bpypi\.org|pythonhosted")


def tracked(*suffixes: str) -> list[Path]:
    """Files of the repository; without git (an unpacked archive), whatever lies there outside hidden folders."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        found = [ROOT / line for line in listed.stdout.splitlines()]
    else:
        found = [
            path for path in ROOT.rglob("*") if not any(part.startswith(".") for part in path.parts[len(ROOT.parts) :])
        ]
    return [path for path in found if path.is_file() and (not suffixes or path.suffix in suffixes)]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_files_are_short_enough_to_be_read() -> None:
    """Migrations are exempt: they are generated, and read once."""
    written = [path for path in tracked(*_SOURCES) if path.parent.name != "migrations"]
    assert {str(p.relative_to(ROOT)): len(lines(p)) for p in written if len(lines(p)) > LIMIT} == {}


def test_nothing_of_one_machine_is_written_down() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py", ".html", ".css", ".js", ".md", ".toml", ".yml", ".lock", ".txt", ".cfg", ".sh", "")
        if path != Path(__file__)
        for number, line in enumerate(lines(path), 1)
        if _MACHINE.search(line)
    ]
    assert found == []


def test_no_page_loads_anything_from_another_host() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {address}"
        for path in tracked(".html", ".css", ".js", ".svg")
        if path.is_relative_to(ROOT / "templates") or path.is_relative_to(ROOT / "static")
        for address in _ADDRESS.findall(path.read_text(encoding="utf-8"))
        if not address.startswith(_NAMESPACES)
    ]
    assert found == []


def test_every_template_is_used() -> None:
    """By name in a view, a tag or another template; or by overriding a template of an installed package."""
    root = ROOT / "templates"
    text = "\n".join(p.read_text(encoding="utf-8") for p in tracked(".py", ".html", ".txt") if "tests" not in p.parts)
    shipped = [Path(directory) for directory in engines["django"].template_dirs]
    unused = []
    for path in tracked(".html", ".txt", ".svg", ".xml"):
        if not path.is_relative_to(root):
            continue
        name = path.relative_to(root).as_posix()
        overrides = any((directory / name).exists() for directory in shipped if directory != root)
        by_django = "/" not in name and path.stem in {"400", "403", "404", "500", "403_csrf"}
        if not (overrides or by_django or f'"{name}"' in text or f"'{name}'" in text):
            unused.append(name)
    assert unused == []
