"""What may stand in a path where a cluster is named."""

from django.urls import register_converter
from django.urls.converters import StringConverter


class ClusterConverter(StringConverter):
    """Only what a name can be made of: a NUL character, for one, is an error in PostgreSQL."""

    regex = "[a-z0-9-]+"


register_converter(ClusterConverter, "cluster")
