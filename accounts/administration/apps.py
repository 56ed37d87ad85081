from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    """Stands for ``django.contrib.admin`` in the settings and gives it our site."""

    default_site = "accounts.administration.site.WorkspaceAdminSite"
