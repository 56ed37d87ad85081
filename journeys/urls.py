"""Addresses of the journey's pages."""

from django.urls import include, path

from journeys import engagement_urls, team_urls
from journeys.views import (
    boomerang,
    moving,
    playbooks,
    relay_analysis,
    relay_deeds,
    relay_settings,
    relays,
    stage_settings,
    task_deeds,
    tasks,
)

urlpatterns = [
    *engagement_urls.urlpatterns,
    *team_urls.urlpatterns,
    path("journeys/", boomerang.boomerang, name="boomerang"),
    path("journeys/replay/", boomerang.boomerang_replay, name="boomerang_replay"),
    path("customers/<uuid:customer_id>/move/", moving.move, name="customer_move"),
    path("customers/<uuid:customer_id>/ground/", moving.ground, name="customer_ground"),
    path("settings/stages/", stage_settings.listing, name="stage_list"),
    path("settings/stages/new/", stage_settings.new, name="stage_new"),
    path("settings/stages/order/", stage_settings.reorder, name="stage_order"),
    path("settings/stages/<uuid:stage_id>/", stage_settings.edit, name="stage_edit"),
    path("settings/stages/<uuid:stage_id>/split/", stage_settings.split, name="stage_split"),
    path("settings/stages/<uuid:stage_id>/retire/", stage_settings.retire, name="stage_retire"),
    path("journeys/relays/", relays.inbox, name="relay_inbox"),
    path("journeys/relays/analysis/", relay_analysis.analysis, name="relay_analysis"),
    path("journeys/relays/<uuid:relay_id>/", relays.detail, name="relay_detail"),
    path("journeys/relays/<uuid:relay_id>/accept/", relay_deeds.accept, name="relay_accept"),
    path("journeys/relays/<uuid:relay_id>/decline/", relay_deeds.decline, name="relay_decline"),
    path("journeys/relays/<uuid:relay_id>/withdraw/", relay_deeds.withdraw, name="relay_withdraw"),
    path("journeys/relays/<uuid:relay_id>/reoffer/", relay_deeds.reoffer, name="relay_reoffer"),
    path("journeys/relays/<uuid:relay_id>/items/<uuid:relayitem_id>/tick/", relay_deeds.tick, name="relay_tick"),
    path("journeys/playbooks/", playbooks.listing, name="playbook_list"),
    path("journeys/playbooks/new/", playbooks.new, name="playbook_new"),
    path("journeys/playbooks/<uuid:playbook_id>/", playbooks.detail, name="playbook_detail"),
    path("journeys/playbooks/<uuid:playbook_id>/edit/", playbooks.edit, name="playbook_edit"),
    *(
        path(
            f"journeys/playbooks/<uuid:playbook_id>/{deed}/", playbooks.switch, {"deed": deed}, name=f"playbook_{deed}"
        )
        for deed in ("activate", "pause", "retire", "cancel-waiting")
    ),
    path("journeys/playbooks/runs/<uuid:playbookrun_id>/", playbooks.run_detail, name="playbook_run"),
    *(
        path(
            f"journeys/playbooks/runs/<uuid:playbookrun_id>/{deed}/",
            playbooks.run_deed,
            {"deed": deed},
            name=f"playbook_run_{deed}",
        )
        for deed in ("cancel", "retry")
    ),
    path("journeys/tasks/", tasks.queue, name="task_queue"),
    path("journeys/tasks/new/", task_deeds.new, name="task_new"),
    path("journeys/tasks/bulk/", task_deeds.bulk, name="task_bulk"),
    path("journeys/tasks/<uuid:task_id>/", tasks.detail, name="task_detail"),
    path("journeys/tasks/<uuid:task_id>/edit/", task_deeds.edit, name="task_edit"),
    path("journeys/tasks/<uuid:task_id>/take/", task_deeds.take, name="task_take"),
    *(
        path(f"journeys/tasks/<uuid:task_id>/{deed}/", task_deeds.deed, {"deed": deed}, name=f"task_{deed}")
        for deed in task_deeds.DEEDS
    ),
    path("journeys/requests/", include("journeys.request_urls")),
    path("", include("journeys.advocacy_urls")),
    path("", include("journeys.adoption_urls")),
    path("settings/handovers/", relay_settings.templates, name="relay_template_list"),
    path("settings/handovers/new/", relay_settings.template_new, name="relay_template_new"),
    path("settings/handovers/<uuid:relaytemplate_id>/", relay_settings.template_edit, name="relay_template_edit"),
    path(
        "settings/handovers/<uuid:relaytemplate_id>/remove/",
        relay_settings.template_remove,
        name="relay_template_remove",
    ),
    path("settings/working-days/", relay_settings.working_days, name="working_days"),
]
