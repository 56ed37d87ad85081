from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "health"

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from accounts import extensions
        from accounts.imports import kinds
        from accounts.models import Workspace
        from csplatform.core import outbox
        from health import adoption, cohorts, defaults, segments, stage_criteria, tasks
        from health.alerts import opening as alerts
        from health.facts import registry
        from health.ingest import tasks as ingest_tasks
        from health.ingest.event_import import EventsKind
        from health.ingest.event_names import EventNamesKind
        from health.onboarding import tasks as onboarding_tasks
        from health.services import forgetting, scorecards
        from journeys import extensions as journey

        post_delete.connect(tasks.when_a_workspace_is_deleted, sender=Workspace, dispatch_uid="health.lab")
        extensions.workspace_created.append(defaults.create_defaults)
        extensions.customers_changed.append(tasks.score_soon)
        extensions.customers_created.append(ingest_tasks.when_customers_were_created)
        extensions.before_deletions.append(forgetting.settle_arrivals)
        extensions.customer_deletions.append(tasks.when_a_customer_is_deleted)
        extensions.people_deletions.append(forgetting.forget_people)
        extensions.imports_ended.append(onboarding_tasks.when_an_import_ended)
        extensions.deletion_counters.append(forgetting.count_for_deletion)
        journey.group_histories.append(cohorts.standing_of)
        extensions.segment_uses.append(scorecards.resting_on)
        kinds.register(EventNamesKind())
        kinds.register(EventsKind())
        segments.register_all()
        journey.measure_names.append(stage_criteria.names)
        journey.measure_readers.append(stage_criteria.values)
        outbox.listen("adoption_rules.changed", adoption.rules_changed)
        outbox.listen("adoption_indicator.defined", adoption.indicator_defined)
        registry.register_all()
        outbox.listen_to_all(alerts.hear)
