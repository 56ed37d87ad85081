"""What machines ask: `/healthz` (alive), `/readyz` (fit for traffic) and `/metrics` (Prometheus).

Answered by a middleware in front of all others: a probe comes under any Host header, without TLS, a session or a
workspace, and must not cost one.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from accounts.selectors.demo import is_loaded
from csplatform.core.heartbeat import broker, worker_is_alive
from csplatform.core.models import OutboxEvent

log = structlog.get_logger(__name__)
_last_problems: dict[str, str | None] = {}
_PROXY_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


class OpsMiddleware:
    """Answers the three addresses before anything else looks at the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = _VIEWS.get(request.path)
        if view is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = view(request)
        response["Cache-Control"] = "no-store"
        # Django logs every 5xx answer as an error; a probe that says "not yet" is none, and is logged by its check.
        response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark, unknown to its types
        return response


def healthz(_: HttpRequest) -> HttpResponse:
    """This process answers; says nothing about what it depends on, so that a lost database restarts no web server."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_: HttpRequest) -> HttpResponse:
    """200 when every check passes, else 503; the body names each check and, where it fails, why."""
    found = run_checks()
    ready = all(problem is None for problem in found.values())
    checks = {
        name: {"ok": True} if problem is None else {"ok": False, "reason": problem} for name, problem in found.items()
    }
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus, read from the database and the broker as they are now; the same from every process."""
    if not _may_read_metrics(request):
        return HttpResponse(
            "Metrics are for this machine, or for a bearer of METRICS_TOKEN.\n", status=403, content_type="text/plain"
        )
    registry = CollectorRegistry()
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


_VIEWS = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


# -- readiness --------------------------------------------------------------------------------------
def run_checks() -> dict[str, str | None]:
    """Every check by name: None when it passes, else the reason in words that reveal no address or secret."""
    checks: dict[str, Callable[[], str | None]] = {
        "database": _database,
        "broker": _broker,
        "migrations": _migrations,
        "worker": _worker,
    }
    if settings.DEMO:
        checks["demo"] = _demo
    return {name: _guarded(name, check) for name, check in checks.items()}


def _guarded(name: str, check: Callable[[], str | None]) -> str | None:
    try:
        problem = check()
    except DatabaseError:
        connection.close()
        problem = "the database does not answer"
    except redis.RedisError:
        problem = "the broker does not answer"
    if _last_problems.get(name) != problem:  # once for each change: probes come several times a second
        _last_problems[name] = problem
        if problem:
            log.warning("check failed", check=name, reason=problem)
        else:
            log.info("check passes again", check=name)
    return problem


def _database() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return None


def _broker() -> str | None:
    broker().ping()
    return None


_applied = False


def _migrations() -> str | None:
    # Once applied they stay applied for the code of this process, and reading the plan costs a tenth of a second.
    global _applied
    if not _applied:
        executor = MigrationExecutor(connection)
        _applied = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return None if _applied else "migrations are waiting: run manage.py migrate --database owner"


def _worker() -> str | None:
    return None if worker_is_alive() else "no worker has shown itself for 15 seconds"


def _demo() -> str | None:
    return None if is_loaded() else "the demo workspaces are being loaded"


# -- metrics ----------------------------------------------------------------------------------------
def _may_read_metrics(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), token.encode()):
        return True
    if any(request.META.get(header) for header in _PROXY_HEADERS):
        return False  # a proxy on this machine speaks for somebody elsewhere
    try:
        return ipaddress.ip_address(str(request.META.get("REMOTE_ADDR", ""))).is_loopback
    except ValueError:
        return False


class _Figures(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        checks = GaugeMetricFamily("boomerang_check_ok", "1 while the check of /readyz passes", labels=["check"])
        found = run_checks()
        for name, problem in found.items():
            checks.add_metric([name], 0.0 if problem else 1.0)
        yield checks
        if found["broker"] is None:
            queue = settings.CELERY_TASK_DEFAULT_QUEUE
            depth = GaugeMetricFamily("boomerang_queue_depth", "Tasks waiting in the broker", labels=["queue"])
            depth.add_metric([queue], float(broker().llen(queue)))
            yield depth
        if found["database"] is None:
            yield from self._outbox()

    @staticmethod
    def _outbox() -> Iterator[GaugeMetricFamily]:
        waiting = OutboxEvent.objects.filter(dispatched_at__isnull=True)
        oldest = waiting.order_by("created_at").values_list("created_at", flat=True).first()
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily(
            "boomerang_outbox_waiting", "Outbox events not yet sent on", value=float(waiting.count())
        )
        yield GaugeMetricFamily("boomerang_outbox_oldest_seconds", "Age of the oldest waiting outbox event", value=age)
