from django.apps import AppConfig


class JourneysConfig(AppConfig):
    name = "journeys"

    def ready(self) -> None:
        from accounts import extensions
        from accounts.imports import kinds
        from csplatform.core import outbox
        from journeys import defaults, relay_defaults, segments
        from journeys.imports import plan as plan_files
        from journeys.imports.advocacy import AdvocacyImportKind
        from journeys.imports.engagements import Engagements
        from journeys.imports.moves import MovesKind
        from journeys.imports.relays import RelaysKind
        from journeys.imports.requests import RequestsKind
        from journeys.imports.tickets import Tickets
        from journeys.selectors import advocacy, engagements, plan, standing, tasks
        from journeys.selectors import tickets as ticket_reads
        from journeys.services import (
            advocacy_news,
            engagement_erasure,
            laps,
            placing,
            relay_records,
            task_erasure,
            tickets,
        )
        from journeys.services.adoption import changes as adoption_changes
        from journeys.services.playbooks import starting

        extensions.workspace_created.append(defaults.create_stages)
        extensions.workspace_created.append(relay_defaults.create_relay_templates)
        extensions.deletion_counters.append(standing.count_for_deletion)
        extensions.deletion_counters.append(plan.count_for_deletion)
        extensions.placers.append(placing.place_customers)
        extensions.contracts_changed.append(laps.refresh)
        extensions.stage_keys.append(placing.stage_keys)
        extensions.standings.append(placing.standings)
        extensions.stage_names.append(standing.stage_names)
        # What others refer to first: people import in this order.
        told = (
            plan_files.Outcomes,
            plan_files.Measurements,
            RelaysKind,
            Engagements,
            Tickets,
            RequestsKind,
            AdvocacyImportKind,
        )
        for kind in (MovesKind, *told):
            kinds.register(kind())
        extensions.people_deletions.append(engagement_erasure.forget_people)
        extensions.people_deletions.append(task_erasure.forget_people)
        extensions.people_deletions.append(tickets.forget_people)
        extensions.deletion_counters.append(tasks.count_for_deletion)
        extensions.customer_deletions.append(engagement_erasure.forget_customer)
        extensions.customer_deletions.append(tickets.forget_customer)
        extensions.customer_deletions.append(relay_records.forget_customer)
        extensions.people_deletions.append(adoption_changes.forget_people)
        extensions.customer_deletions.append(adoption_changes.forget_customer)
        extensions.deletion_counters.append(engagements.count_for_deletion)
        extensions.deletion_counters.append(ticket_reads.count_for_deletion)
        extensions.deletion_counters.append(advocacy.count_for_deletion)
        for name in ("survey.response_received", "survey.response_changed"):
            outbox.listen(name, advocacy_news.answered)
        segments.register_all()
        outbox.listen_to_all(starting.hear)
