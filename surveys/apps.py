from django.apps import AppConfig


class SurveysConfig(AppConfig):
    name = "surveys"

    def ready(self) -> None:
        from accounts import extensions
        from surveys import segments
        from surveys.services import asking_by_playbook, forgetting

        extensions.customer_deletions.append(forgetting.forget_customer)
        extensions.people_deletions.append(forgetting.forget_people)
        extensions.deletion_counters.append(forgetting.count_for_deletion)
        extensions.survey_senders.append(asking_by_playbook.Sender())
        segments.register_all()
