"""Addresses of the success plan."""

from django.urls import path

from journeys.public import plan as public
from journeys.views.plan import kpis, outcomes, review, sharing, wins

urlpatterns = [
    path("customers/<uuid:customer_id>/outcomes/new/", outcomes.outcome_new, name="outcome_new"),
    path("customers/<uuid:customer_id>/review/", review.customer_review, name="customer_review"),
    path("customers/<uuid:customer_id>/wins/new/", wins.win_new, name="win_new"),
    path("customers/<uuid:customer_id>/plan/", sharing.plan_share, name="plan_share"),
    path("customers/<uuid:customer_id>/plan/answer/", sharing.plan_answer, name="plan_answer"),
    path("customers/<uuid:customer_id>/plan/read/", sharing.plan_comments_read, name="plan_comments_read"),
    path("plan-links/<uuid:planlink_id>/revoke/", sharing.plan_link_revoke, name="plan_link_revoke"),
    path("outcomes/<uuid:outcome_id>/", outcomes.outcome_detail, name="outcome_detail"),
    path("outcomes/<uuid:outcome_id>/edit/", outcomes.outcome_edit, name="outcome_edit"),
    path("outcomes/<uuid:outcome_id>/settle/", outcomes.outcome_settle, name="outcome_settle"),
    path("outcomes/<uuid:outcome_id>/kpis/new/", kpis.kpi_new, name="kpi_new"),
    path("kpis/<uuid:kpi_id>/edit/", kpis.kpi_edit, name="kpi_edit"),
    path("kpis/<uuid:kpi_id>/retire/", kpis.kpi_retire, name="kpi_retire"),
    path("kpis/<uuid:kpi_id>/measure/", kpis.kpi_measure, name="kpi_measure"),
    path("measurements/<uuid:measurement_id>/correct/", kpis.measurement_correct, name="measurement_correct"),
    path("wins/", wins.win_feed, name="win_feed"),
    path("wins/<uuid:win_id>/", wins.win_detail, name="win_detail"),
    path("wins/<uuid:win_id>/edit/", wins.win_edit, name="win_edit"),
    path("wins/<uuid:win_id>/celebrate/", wins.win_celebrate, name="win_celebrate"),
    path("p/<str:token>/", public.shared_plan, name="shared_plan"),
]
