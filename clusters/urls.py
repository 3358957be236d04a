"""Paths of the clusters pages. A cluster's name is a DNS label; ``import`` is no cluster's name."""

from django.urls import path

from clusters.views import details, importing, leaving, listing

app_name = "clusters"

urlpatterns = [
    path("", listing.ClusterList.as_view(), name="list"),
    path("import/", importing.ImportCluster.as_view(), name="import"),
    path("import/contexts/", importing.ReadKubeconfig.as_view(), name="contexts"),
    path("import/test/", importing.TestConnection.as_view(), name="test"),
    path("import/name/", importing.CheckName.as_view(), name="check_name"),
    path("<cluster:name>/", details.ClusterDetail.as_view(), name="detail"),
    path("<cluster:name>/edit/", details.EditCluster.as_view(), name="edit"),
    path("<cluster:name>/cordon/", details.CordonCluster.as_view(), name="cordon"),
    path("<cluster:name>/retry/", details.RetryJoin.as_view(), name="retry"),
    path("<cluster:name>/reconnect/", importing.ReconnectCluster.as_view(), name="reconnect"),
    path("<cluster:name>/unjoin/", leaving.UnjoinCluster.as_view(), name="unjoin"),
]
