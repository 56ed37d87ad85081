from django.apps import AppConfig


class JourneysConfig(AppConfig):
    name = "journeys"

    def ready(self) -> None:
        from accounts import extensions
        from journeys import defaults, services

        extensions.workspace_created.append(defaults.create_stages)
        extensions.placers.append(services.place_customers)
        extensions.stage_keys.append(services.stage_keys)
