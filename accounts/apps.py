from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.imports import kinds, records

        for kind in (records.Customers(), records.Contacts(), records.Subscriptions()):
            kinds.register(kind)
