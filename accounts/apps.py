from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.imports import kinds, records
        from accounts.segments import own_fields

        for kind in (records.Customers(), records.Contacts(), records.Subscriptions()):
            kinds.register(kind)
        own_fields.register_all()
