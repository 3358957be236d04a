"""One member cluster's API, as raw JSON over pooled connections.

The official client carries requests; objects stay plain dicts, since building its model objects costs
more than the requests do.
"""

import asyncio
import contextlib
import json
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from kubernetes.aio.client import ApiClient, Configuration

from clusters.domain.addresses import is_forbidden_ip
from clusters.domain.connections import Connection
from clusters.domain.references import ObjectReference, ResourceType
from clusters.kube import errors

Object = dict[str, Any]

FIELD_MANAGER = "fedconsole"
#: Requests to one member under way at once; watches are not counted.
CONCURRENCY = 16
#: Seconds.
CONNECT_TIMEOUT = 3.0
REQUEST_TIMEOUT = 10.0

_JSON = "application/json"
_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_MERGE = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Applied:
    """The object as the server now holds it, and whether it was not there before."""

    object: Object
    created: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """All pages of a list; ``resource_version`` is where a watch goes on from."""

    items: list[Object]
    resource_version: str


@dataclass(frozen=True, slots=True)
class _Request:
    """One request to the API server; ``timeout`` seconds are all that it may take."""

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: Any = None
    content_type: str = _JSON
    timeout: float = REQUEST_TIMEOUT


class _GuardedResolver(AbstractResolver):
    """Refuse names that lead to forbidden addresses, at the moment of connecting."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if any(is_forbidden_ip(one["host"]) for one in found):
            raise errors.AddressNotAllowed(f"{host} leads to the address of a cloud metadata service.")
        return found

    async def close(self) -> None:
        await self._resolver.close()


async def _refuse_redirect(session: Any, context: SimpleNamespace, params: Any) -> None:
    raise errors.AddressNotAllowed(
        "The server redirects elsewhere; give the address of the API server itself."
    )


def _trace() -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse_redirect)
    return trace


class Member:
    """A client of one API server. Every call raises ``errors.MemberError`` and nothing else."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._places = asyncio.Semaphore(CONCURRENCY)
        self._client: ApiClient | None = None

    # Objects

    async def apply(
        self, ref: ObjectReference, body: Object, *, force: bool, dry_run: bool = False
    ) -> Applied:
        """Server-side apply in one request; without ``force`` raises ``ApplyConflict``."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true" if force else "false"}
        if dry_run:
            query["dryRun"] = "All"
        status, answer = await self._send(_Request("PATCH", ref.path, query, body, _APPLY))
        return Applied(answer, created=status == 201)

    async def get(self, ref: ObjectReference) -> Object | None:
        """The object, or None when it is absent; raises ``TypeNotServed`` for an unknown kind."""
        try:
            return await self._object(_Request("GET", ref.path))
        except errors.TypeNotServed:
            raise
        except errors.NotFound:
            return None

    async def create(self, ref: ObjectReference, body: Object) -> Object:
        """POST; raises ``AlreadyExists``."""
        path = ref.type.path(ref.namespace)
        return await self._object(_Request("POST", path, {"fieldManager": FIELD_MANAGER}, body))

    async def merge(self, ref: ObjectReference, patch: Object) -> Object:
        """JSON merge patch: None removes a field."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._object(_Request("PATCH", ref.path, query, patch, _MERGE))

    async def replace(self, ref: ObjectReference, body: Object, *, dry_run: bool = False) -> Object:
        """PUT; raises ``Conflict`` when the object is no more what its ``resourceVersion`` says."""
        query = {"fieldManager": FIELD_MANAGER} | ({"dryRun": "All"} if dry_run else {})
        return await self._object(_Request("PUT", ref.path, query, body))

    async def delete(
        self, ref: ObjectReference, *, uid: str = "", propagation_policy: str = "Background"
    ) -> Object | None:
        """Ask for its removal; None when it was gone already.

        A ``Status`` says that it is gone now, an object that it waits for something. With ``uid`` another
        object of that name is left alone: ``Conflict``.
        """
        options: Object = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation_policy,
        }
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            return await self._object(_Request("DELETE", ref.path, body=options))
        except errors.TypeNotServed:
            raise
        except errors.NotFound:
            return None

    async def list(
        self,
        type: ResourceType,  # noqa: A002
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 500,
    ) -> Listing:
        """Every object of a kind that matches, following ``continue``."""
        query = {"limit": str(limit), "labelSelector": label_selector, "fieldSelector": field_selector}
        items: list[Object] = []
        while True:
            page = await self.request("GET", type.path(namespace), _given(query))
            kind = {"apiVersion": type.api_version, "kind": type.kind}
            items += [kind | item for item in page.get("items") or []]
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return Listing(items, str(metadata.get("resourceVersion", "")))
            query["continue"] = metadata["continue"]

    # The server itself

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        timeout: float = REQUEST_TIMEOUT,
    ) -> Any:
        """Any request; the parsed JSON of the answer."""
        return (await self._send(_Request(method, path, query, body, timeout=timeout)))[1]

    async def version(self) -> dict[str, str]:
        """``/version``: ``gitVersion`` and others, as strings."""
        answer = await self.request("GET", "/version", timeout=CONNECT_TIMEOUT * 2)
        if not isinstance(answer, dict) or "gitVersion" not in answer:
            raise errors.NotKubernetes("The server does not tell a Kubernetes version.")
        return answer

    async def healthz(self) -> str:
        """``/healthz`` as text: ``ok`` when all is well."""
        async with self._answer(_Request("GET", "/healthz", timeout=CONNECT_TIMEOUT)) as response:
            return (await response.read()).decode(errors="replace")[: errors.MESSAGE_LIMIT]

    async def stream(self, path: str, query: Mapping[str, str], timeout: float) -> AsyncIterator[bytes]:
        """The lines of a watch; ``timeout`` seconds of silence end it. Holds no place of the others' 16."""
        limits = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT, sock_read=timeout)
        async with self._respond(_Request("GET", path, query), limits) as response:
            buffer = bytearray()
            try:
                async for chunk in response.content.iter_any():
                    buffer += chunk
                    *lines, rest = buffer.split(b"\n")
                    buffer = bytearray(rest)
                    for line in lines:
                        yield bytes(line)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise errors.from_exception(error, self.connection.server) from None

    async def close(self) -> None:
        if self._client:
            client, self._client = self._client, None
            await client.close()  # type: ignore[no-untyped-call]
            await client.configuration.client_session_kwargs["connector"].close()

    # Requests

    async def _object(self, request: _Request) -> Object:
        answer = (await self._send(request))[1]
        if not isinstance(answer, dict):
            raise errors.NotKubernetes("The server's answer is not an object.")
        return answer

    async def _send(self, request: _Request) -> tuple[int, Any]:
        async with self._answer(request) as response:
            try:
                return response.status, json.loads(await response.read())
            except ValueError:
                raise errors.NotKubernetes("The server's answer is not JSON.") from None
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise errors.from_exception(error, self.connection.server) from None

    @contextlib.asynccontextmanager
    async def _answer(self, request: _Request) -> AsyncIterator[aiohttp.ClientResponse]:
        limits = aiohttp.ClientTimeout(
            total=request.timeout, sock_connect=min(CONNECT_TIMEOUT, request.timeout)
        )
        async with self._places, self._respond(request, limits) as response:
            yield response

    @contextlib.asynccontextmanager
    async def _respond(
        self, request: _Request, limits: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        query = f"?{urlencode(request.query)}" if request.query else ""
        url = self.connection.server.rstrip("/") + request.path + query
        headers = {"Content-Type": request.content_type, "Accept": _JSON, **self._authorization()}
        try:
            client = self._client = self._client or _api_client(self.connection)
            answer = await client.call_api(
                request.method, url, headers, request.body, _request_timeout=limits
            )
            response: aiohttp.ClientResponse = answer.response
            if response.status >= 400:
                body = await response.read()
                raise errors.from_response(response.status, body, response.headers, request.path)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise errors.from_exception(error, self.connection.server) from None
        try:
            yield response
        finally:
            response.release()

    def _authorization(self) -> dict[str, str]:
        token = self.connection.credential.token
        return {"Authorization": f"Bearer {token}"} if token else {}


def _given(query: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if value}


def _trusts_the_system(connection: Connection) -> bool:
    """Whether nothing about its TLS is a member's own."""
    own = connection.ca_bundle or connection.insecure_skip_tls_verify
    return not own and connection.credential.kind != "certificate"


@cache
def _system_trust() -> ssl.SSLContext:
    """What this machine trusts: read once, since it takes 20 ms and most of a megabyte."""
    return ssl.create_default_context()


def _some_certificate(trust: ssl.SSLContext) -> bytes | None:
    """Given one, the client does not read all that the machine trusts for a context that nobody uses."""
    return next(iter(trust.get_ca_certs(binary_form=True)), None)


def _api_client(connection: Connection) -> ApiClient:
    configuration = Configuration(host=connection.server)
    configuration.verify_ssl = not connection.insecure_skip_tls_verify
    trust = _system_trust() if _trusts_the_system(connection) else None
    configuration.ca_cert_data = connection.ca_bundle or (_some_certificate(trust) if trust else None)
    configuration.tls_server_name = connection.tls_server_name or None
    configuration.proxy = connection.proxy_url or None
    configuration.debug = False
    with _certificate_files(connection) as (certificate, key):
        configuration.cert_file, configuration.key_file = certificate, key
        try:
            client = ApiClient(configuration)
        except ssl.SSLError:
            raise errors.TlsError("The CA bundle or the client certificate cannot be used.") from None
    # The client's own session would use the proxies of our environment and any address.
    configuration.client_session_kwargs = {
        "connector": aiohttp.TCPConnector(
            limit=0,
            ssl=trust or client.rest_client.ssl_context,
            resolver=_GuardedResolver(),
            keepalive_timeout=60,
        ),
        "trust_env": False,
        "trace_configs": [_trace()],
    }
    return client


@contextlib.contextmanager
def _certificate_files(connection: Connection) -> Any:
    """``ssl`` reads client certificates from files alone; they live as long as it takes to read them."""
    credential = connection.credential
    if credential.kind != "certificate":
        yield None, None
        return
    with tempfile.TemporaryDirectory(prefix="fedconsole-") as folder:
        paths = []
        for name, text in (("certificate", credential.client_certificate), ("key", credential.client_key)):
            path = os.path.join(folder, name)  # noqa: PTH118
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
            paths.append(path)
        yield tuple(paths)
