"""The Celery application. Tasks live in each app's ``tasks`` module; ``schedule`` below only asks "what is due?"."""

from __future__ import annotations

import os

from celery import Celery

from csplatform.core.heartbeat import Heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csplatform.settings")

app = Celery("csplatform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["health.ingest", "health.alerts", "health.onboarding", "health.sample", "accounts.webhooks"])
app.steps["consumer"].add(Heartbeat)
