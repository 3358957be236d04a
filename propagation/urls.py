"""Paths of the board and of the federated workloads."""

from django.urls import path

from propagation.views import (
    actions,
    activity,
    documents,
    editing,
    exports,
    federating,
    migrating,
    pages,
    placed_object,
    preview,
    revisions,
    types,
)

app_name = "propagation"

urlpatterns = [
    path("", pages.BoardView.as_view(), name="board"),
    path("workloads/", pages.ListView.as_view(), name="list"),
    path("workloads/new/", editing.CreateView.as_view(), name="create"),
    path("workloads/yaml/", documents.YamlView.as_view(), name="yaml"),
    path("workloads/export/", exports.ExportManyView.as_view(), name="export_many"),
    path("export/", exports.ExportEverythingView.as_view(), name="export_everything"),
    path("migrate/", migrating.MigrateView.as_view(), name="migrate"),
    path("workloads/federate/", federating.FederateView.as_view(), name="federate"),
    path("workloads/placement/", editing.PreviewPlacementView.as_view(), name="preview_placement"),
    path("workloads/in-cluster/<int:cluster_pk>/", pages.InClusterView.as_view(), name="in_cluster"),
    path("workloads/<int:pk>/", pages.DetailView.as_view(), name="detail"),
    path("workloads/new/preview/", preview.CreateView.as_view(), name="preview_create"),
    path("workloads/yaml/preview/", preview.YamlView.as_view(), name="preview_yaml"),
    path("workloads/<int:pk>/edit/preview/", preview.EditView.as_view(), name="preview_edit"),
    path("workloads/<int:pk>/scale/preview/", preview.ScaleView.as_view(), name="preview_scale"),
    path("workloads/<int:pk>/delete/preview/", preview.DeleteView.as_view(), name="preview_delete"),
    path("workloads/<int:pk>/in/<cluster:cluster>/", placed_object.PlacedObjectView.as_view(), name="placed"),
    path(
        "workloads/<int:pk>/in/<cluster:cluster>/repair/",
        placed_object.RepairView.as_view(),
        name="repair",
    ),
    path("activity/", activity.ActivityView.as_view(), name="activity"),
    path("workloads/<int:pk>/revisions/", revisions.RevisionsView.as_view(), name="revisions"),
    path(
        "workloads/<int:pk>/revisions/<int:number>/rollback/",
        revisions.RollbackView.as_view(),
        name="rollback",
    ),
    path("workloads/<int:pk>/edit/", editing.EditView.as_view(), name="edit"),
    path("workloads/<int:pk>/scale/", actions.ScaleView.as_view(), name="scale"),
    path("workloads/<int:pk>/options/", actions.OptionsView.as_view(), name="options"),
    path("workloads/<int:pk>/delete/", actions.DeleteView.as_view(), name="delete"),
    path("workloads/<int:pk>/export/", exports.ExportView.as_view(), name="export"),
    path("types/", types.ListView.as_view(), name="types"),
    path("types/discover/", types.DiscoverView.as_view(), name="discover_types"),
    path("types/discover/again/", types.LookAgainView.as_view(), name="look_again"),
    path("types/<int:pk>/enable/", types.EnableView.as_view(), name="enable_type"),
    path("types/<int:pk>/disable/", types.DisableView.as_view(), name="disable_type"),
]
