from django.apps import AppConfig


class SurveysConfig(AppConfig):
    name = "surveys"

    def ready(self) -> None:
        from accounts import extensions
        from surveys import segments
        from surveys.services import forgetting

        extensions.customer_deletions.append(forgetting.forget_customer)
        extensions.people_deletions.append(forgetting.forget_people)
        extensions.deletion_counters.append(forgetting.count_for_deletion)
        segments.register_all()
