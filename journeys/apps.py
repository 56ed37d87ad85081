from django.apps import AppConfig


class JourneysConfig(AppConfig):
    name = "journeys"

    def ready(self) -> None:
        from accounts import extensions
        from journeys import defaults, selectors, services

        extensions.workspace_created.append(defaults.create_stages)
        extensions.deletion_counters.append(selectors.count_for_deletion)
        extensions.placers.append(services.place_customers)
        extensions.stage_keys.append(services.stage_keys)
        extensions.stage_names.append(selectors.stage_names)
