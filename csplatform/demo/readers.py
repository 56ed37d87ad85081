"""Readers of the community's results, asked how useful they are: seeded answers to a CSAT. Pure.

What is asked and how people answer is data, in `readers.toml`; who they are and what they speak as in the community.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from csplatform.demo import community
from csplatform.demo.community import Edition

SEED = 40_961


@cache
def seeds() -> dict[str, Any]:
    """What `readers.toml` says."""
    return tomllib.loads(Path(__file__).with_name("readers.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Run:
    """When the readers were asked."""

    opened_at: datetime
    closes_at: datetime
    publishes_at: datetime


@dataclass(frozen=True)
class Said:
    """One reader's answer; `answers` by question key."""

    at: datetime
    score: int
    role: str
    language: str
    answers: dict[str, Any]


def run_after(edition: Edition) -> Run:
    """When readers of `edition` were asked."""
    when = seeds()["when"]
    opened = edition.publishes_at + timedelta(days=when["after"])
    closes = opened + timedelta(days=when["days"])
    return Run(opened, closes, closes + timedelta(days=when["publish_after"]))


def answers(run: Run) -> list[Said]:
    """Everybody's answers in the order they came in."""
    random = np.random.default_rng(SEED)
    told = seeds()
    seconds = random.beta(1.0, 3.0, told["when"]["answers"]) * (run.closes_at - run.opened_at).total_seconds()
    return [_said(run.opened_at + timedelta(seconds=float(each)), random) for each in np.sort(seconds)]


def _said(at: datetime, random: np.random.Generator) -> Said:
    told = seeds()
    role = _one(told["roles"], random)
    language = _one(community.seeds()["ballot"]["languages"], random)
    shares = told["scores"].get(role, told["scores"]["usual"])
    score = int(random.choice(len(shares), p=shares)) + 1
    given = {question["key"]: _answer(question, language, random) for question in told["question"]}
    return Said(at, score, role, language, {key: value for key, value in given.items() if value})


def _answer(question: dict[str, Any], language: str, random: np.random.Generator) -> Any:
    if question["kind"] == "text":
        texts = seeds()["words"][language]
        return str(random.choice(texts)) if random.random() < question["writes"] else ""
    if question["kind"] == "single":
        return _one(question["shares"], random)
    chosen = [key for key, share in question["shares"].items() if key != "nothing" and random.random() < share]
    return chosen or ["nothing"]


def _one(shares: dict[str, float], random: np.random.Generator) -> str:
    weights = np.array(list(shares.values()))
    return str(random.choice(list(shares), p=weights / weights.sum()))
