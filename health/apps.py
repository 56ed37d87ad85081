from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "health"

    def ready(self) -> None:
        from accounts import extensions
        from health import defaults, tasks

        extensions.workspace_created.append(defaults.create_defaults)
        extensions.customers_changed.append(tasks.score_soon)
