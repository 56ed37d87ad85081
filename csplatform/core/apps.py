from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    name = "csplatform.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Binds `shared_task` to our broker in every process that loads Django, the web server and commands included.
        import csplatform.celery  # noqa: F401  # importing it registers the app
        from csplatform.core import roles

        connection_created.connect(roles.refuse_unsafe_role, dispatch_uid="core.refuse_unsafe_role")
        post_migrate.connect(roles.grant_to_app, sender=self, dispatch_uid="core.grant_to_app")
