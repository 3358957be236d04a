"""Requests see the namespaces of whoever makes them."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from propagation import scopes


class ScopeMiddleware:
    """After authentication: the models' managers show what this person may see (see ``scopes``)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with scopes.serving(request.user):
            return self.get_response(request)
