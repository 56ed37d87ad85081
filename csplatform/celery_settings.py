"""Celery over a Redis-protocol broker: each value answers a fault that was seen (see docs/decisions)."""

from typing import Any

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES: int | None = None
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_SEND_SENT_EVENT = False
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    # Longer than the hard time limit, so that a running task is never delivered twice.
    "visibility_timeout": 900,
    # A killed worker's tasks come back within seconds instead of minutes.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_keepalive": True,
    "retry_on_timeout": True,
}
CELERY_TIMEZONE = "UTC"
# The schedule only asks "what is due?": dates and states stand in the database.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "mail-invitations": {"task": "accounts.mail_invitations", "schedule": 60.0},
    "sweep-inboxes": {"task": "health.sweep_inboxes", "schedule": 2.0, "options": {"expires": 10}},
    "sweep-waiting-events": {"task": "health.sweep_waiting_events", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-scores": {"task": "health.sweep", "schedule": 2.0, "options": {"expires": 10}},
    "sweep-onboarding": {"task": "health.sweep_onboarding", "schedule": 2.0, "options": {"expires": 10}},
    "sweep-samples": {"task": "health.sweep_samples", "schedule": 5.0, "options": {"expires": 10}},
    "roll-over": {"task": "health.roll_over", "schedule": 30.0, "options": {"expires": 30}},
    "dispatch-outbox": {"task": "core.dispatch_outbox", "schedule": 2.0, "options": {"expires": 10}},
    "send-webhooks": {"task": "accounts.send_webhooks", "schedule": 2.0, "options": {"expires": 10}},
    "forget-webhook-deliveries": {"task": "accounts.forget_webhook_deliveries", "schedule": 3_600.0},
    "keep-adoption": {"task": "health.keep_adoption", "schedule": 30.0, "options": {"expires": 30}},
    "keep-alerts": {"task": "health.keep_alerts", "schedule": 20.0, "options": {"expires": 20}},
    "send-alerts": {"task": "health.send_alerts", "schedule": 20.0, "options": {"expires": 20}},
    "forget-alerts": {"task": "health.forget_alerts", "schedule": 3_600.0, "options": {"expires": 3_600}},
    "look-for-silences": {"task": "health.look_for_silences", "schedule": 3_600.0, "options": {"expires": 3_600}},
    "look-for-outages": {"task": "health.look_for_outages", "schedule": 300.0, "options": {"expires": 300}},
    "keep-churn": {"task": "health.keep_churn", "schedule": 3_600.0, "options": {"expires": 3_600}},
    "keep-partitions": {"task": "health.keep_partitions", "schedule": 21_600.0},
    "forget-idempotency-keys": {"task": "accounts.forget_idempotency_keys", "schedule": 3_600.0},
    "tend-imports": {"task": "accounts.tend_imports", "schedule": 30.0, "options": {"expires": 30}},
    "sweep-surveys": {"task": "surveys.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "mail-survey-invitations": {"task": "surveys.mail_invitations", "schedule": 30.0, "options": {"expires": 30}},
    "forget-answers": {"task": "surveys.forget", "schedule": 3_600.0},
    "escalate-relays": {"task": "journeys.escalate_relays", "schedule": 300.0},
    "run-playbooks": {"task": "journeys.run_playbooks", "schedule": 5.0, "options": {"expires": 10}},
    "listen-for-silence": {"task": "journeys.listen_for_silence", "schedule": 3_600.0, "options": {"expires": 3_600}},
    "keep-laps": {"task": "journeys.keep_laps", "schedule": 900.0, "options": {"expires": 900}},
    "keep-plans": {"task": "journeys.keep_plans", "schedule": 3_600.0, "options": {"expires": 3_600}},
    "tell-of-renewals": {"task": "accounts.tell_of_renewals", "schedule": 3_600.0, "options": {"expires": 3_600}},
    "mail-disabled-webhooks": {"task": "accounts.mail_disabled_webhooks", "schedule": 60.0, "options": {"expires": 60}},
    "return-portfolios": {"task": "accounts.return_portfolios", "schedule": 900.0},
}
