from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "health"

    def ready(self) -> None:
        from accounts import extensions
        from health import defaults, tasks
        from health.ingest import tasks as ingest_tasks

        extensions.workspace_created.append(defaults.create_defaults)
        extensions.customers_changed.append(tasks.score_soon)
        extensions.customers_created.append(ingest_tasks.when_customers_were_created)
