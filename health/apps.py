from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "health"

    def ready(self) -> None:
        from accounts import extensions
        from accounts.imports import kinds
        from health import defaults, tasks
        from health.ingest import tasks as ingest_tasks
        from health.ingest.event_import import EventsKind

        extensions.workspace_created.append(defaults.create_defaults)
        extensions.customers_changed.append(tasks.score_soon)
        extensions.customers_created.append(ingest_tasks.when_customers_were_created)
        kinds.register(EventsKind())
