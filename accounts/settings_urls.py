"""Addresses of people and settings: invitations, switching, and everything under /settings/."""

from django.urls import path

from accounts.views import (
    audit,
    founding,
    invitations,
    keys,
    members,
    portfolio,
    profile,
    switching,
    webhooks,
    workspace,
)

urlpatterns = [
    path("invitations/<str:token>/", invitations.answer, name="invitation"),
    path("setup/", founding.explain, name="setup"),
    path("setup/<str:key>/", founding.set_up, name="setup_with_key"),
    path("workspaces/new/", founding.open_own, name="workspace_new"),
    path("workspaces/switch/", switching.switch, name="switch_workspace"),
    path("workspaces/none/", switching.no_workspace, name="no_workspace"),
    path("settings/", profile.index, name="settings"),
    path("settings/profile/", profile.edit, name="profile"),
    path("settings/workspace/", workspace.edit, name="workspace_settings"),
    path("settings/members/", members.listing, name="member_list"),
    path("settings/members/<uuid:pk>/", members.edit, name="member_edit"),
    path("settings/members/<uuid:pk>/remove/", members.remove, name="member_remove"),
    path("settings/invitations/<uuid:pk>/resend/", invitations.resend, name="invitation_resend"),
    path("settings/invitations/<uuid:pk>/revoke/", invitations.revoke, name="invitation_revoke"),
    path("settings/portfolio/", portfolio.listing, name="portfolio_list"),
    path("settings/portfolio/<uuid:pk>/", portfolio.hand_over, name="portfolio_hand_over"),
    path("settings/portfolio/<uuid:pk>/return/", portfolio.back, name="portfolio_return"),
    path("settings/keys/", keys.listing, name="key_list"),
    path("settings/keys/<uuid:pk>/revoke/", keys.revoke, name="key_revoke"),
    path("settings/webhooks/", webhooks.listing, name="webhook_list"),
    path("settings/webhooks/events/", webhooks.events, name="webhook_events"),
    path("settings/webhooks/<uuid:pk>/", webhooks.detail, name="webhook_detail"),
    path("settings/webhooks/<uuid:pk>/secret/", webhooks.rotate, name="webhook_rotate"),
    path("settings/webhooks/<uuid:pk>/test/", webhooks.test, name="webhook_test"),
    path("settings/webhooks/<uuid:pk>/delete/", webhooks.delete, name="webhook_delete"),
    path("settings/webhooks/<uuid:pk>/replay/", webhooks.replay_failed, name="webhook_replay_failed"),
    path("settings/webhooks/<uuid:pk>/<uuid:delivery_pk>/", webhooks.delivery, name="webhook_delivery"),
    path("settings/webhooks/<uuid:pk>/<uuid:delivery_pk>/replay/", webhooks.replay, name="webhook_replay"),
    path("settings/audit/", audit.listing, name="audit_list"),
]
