from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.imports import kinds, money, records
        from accounts.segments import own_fields
        from accounts.webhooks import deliveries
        from csplatform.core import outbox

        for kind in (records.Customers, records.Contacts, records.Subscriptions, money.Invoices, money.Opportunities):
            kinds.register(kind())
        own_fields.register_all()
        outbox.listen_to_all(deliveries.take_over)
        autodiscover_modules("events")  # what each app tells of
