"""The simulator's HTTP server on loopback: checks the token, counts the request, calls the endpoint, answers.

Windows and latencies use the event loop's time (`loop.time()`), dates and days use `wall_clock`, so that a
test can control both.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from random import Random
from types import TracebackType
from uuid import UUID

from aiohttp import web

from loader.simulator.answers import BrokenReply, Call, Reply, error_reply
from loader.simulator.api_errors import ApiError, over_limit
from loader.simulator.broken_replies import send_broken
from loader.simulator.faults import carries_out, fault_reply
from loader.simulator.routes import Route, find_route, oauth_version
from loader.simulator.settings import SimulatorSettings
from loader.simulator.state import ScriptedAnswer, SeenRequest, SimulatorState
from loader.simulator.tokens import UNKNOWN_CLIENT, Tokens

# Seconds; short, since a handler that hangs on purpose must not delay the end of the program.
_SHUTDOWN_SECONDS = 0.1

# From the accepted socket to the protocol, asyncio takes two turns of its loop.
_TURNS_TO_ARRIVE = 3


class Simulator:
    """A HubSpot simulator that serves while its `async with` block runs.

    settings: may be replaced while it serves, for example by a lower limit.
    state: live; may be seeded before, and outlives the server.
    url: the base URL without a slash at its end; set once it serves.

    Raises `ValueError` for a host that is not loopback and `OSError` for a port in use.
    """

    def __init__(
        self,
        settings: SimulatorSettings | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        state: SimulatorState | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings or SimulatorSettings()
        self.state = state or SimulatorState()
        self.url = ""
        self._host = "127.0.0.1" if host == "localhost" else host
        self._port = port
        if not ip_address(self._host).is_loopback:
            raise ValueError(f"the simulator serves on loopback only, not on {host}")
        self._wall_clock = wall_clock
        self._random = Random(self.settings.seed)  # noqa: S311 (jitter and IDs, no secrets)
        self._tokens = Tokens()
        self._netloc = ""

    async def __aenter__(self) -> Simulator:
        loop = asyncio.get_running_loop()
        self._http = web.Server(self._handle, access_log=None)
        self._listener = await loop.create_server(self._http, self._host, self._port, backlog=1024)
        port = self._listener.sockets[0].getsockname()[1]
        self._netloc = f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"
        self.url = f"http://{self._netloc}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # asyncio loses a connection that was accepted at the very moment its server closes, and prints a
        # traceback. So first stop accepting, then let the accepted ones arrive, then close.
        with suppress(NotImplementedError):  # Windows' proactor loop has no readers
            for listening in self._listener.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
        for _ in range(_TURNS_TO_ARRIVE):
            await asyncio.sleep(0)
        self._listener.close()
        self._http.pre_shutdown()
        await self._http.shutdown(_SHUTDOWN_SECONDS)
        await self._listener.wait_closed()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        settings = self.settings
        if settings.arrival_jitter[1]:
            await asyncio.sleep(self._random.uniform(*settings.arrival_jitter))
        at = asyncio.get_running_loop().time()
        path = request.raw_path.partition("?")[0]
        call = self._call()
        client, reply = await self._reply(call, request, path, at)
        status = reply.status if isinstance(reply, Reply) else 0
        self.state.requests.append(SeenRequest(at, client, request.method, path, status))
        self.state.answers[status] += 1
        headers = {"X-HubSpot-Correlation-Id": call.correlation_id}
        if client != UNKNOWN_CLIENT:
            headers |= self.state.limits.headers(client, at, settings)
        if settings.latency[1]:
            await asyncio.sleep(self._random.uniform(*settings.latency))
        if isinstance(reply, BrokenReply):
            return await send_broken(request, reply)
        return web.Response(status=reply.status, body=reply.body, headers=headers | dict(reply.headers))

    async def _reply(
        self, call: Call, request: web.BaseRequest, path: str, at: float
    ) -> tuple[int, Reply | BrokenReply]:
        """The client (0: unknown) and the answer. The request is counted before its body is read."""
        client = UNKNOWN_CLIENT
        try:
            if (version := oauth_version(path)) is not None:
                return client, await self._grant(call, request, path, at, version)
            client = self._client(request, at)
            route = find_route(request.method, path)
            self.state.calls[route.name] += 1
            exempt = route.exempt and not call.settings.count_batch_calls
            if policy := self.state.limits.admit(client, at, call.wall, call.settings, exempt=exempt):
                return client, self._over_limit(call, policy)
            reply = await self._carry_out(route, call, request, path)
            self.state.carried_out(route.name)
        except ApiError as error:
            return client, error_reply(call, error)
        return client, reply

    async def _carry_out(
        self, route: Route, call: Call, request: web.BaseRequest, path: str
    ) -> Reply | BrokenReply:
        planned = self.state.planned_fault(path)
        if isinstance(planned, ScriptedAnswer):
            return Reply(planned.status, planned.body, planned.headers)
        if planned is not None and not carries_out(planned):
            return fault_reply(call, planned)
        if request.method in ("PUT", "POST"):
            sent = request.headers.get("Content-Type", "application/json")
            if not sent.startswith("application/json"):
                raise ApiError(415, f"Content type {sent} is not supported")
        if request.can_read_body:
            call = call._replace(body=await request.read())
        reply = route.endpoint(call, *route.parts)
        if planned is not None and isinstance(reply, Reply) and reply.status < 300:
            return fault_reply(call, planned, body=reply.body)
        return reply

    async def _grant(
        self, call: Call, request: web.BaseRequest, path: str, at: float, version: str
    ) -> Reply | BrokenReply:
        self.state.calls["token"] += 1
        planned = self.state.planned_fault(path)
        if isinstance(planned, ScriptedAnswer):
            return Reply(planned.status, planned.body, planned.headers)
        if planned is not None:
            return fault_reply(call, planned)
        if version not in call.settings.oauth_versions:
            raise ApiError(404, "resource not found", "OBJECT_NOT_FOUND")
        return self._tokens.grant(call._replace(body=await request.read()), at)

    def _client(self, request: web.BaseRequest, at: float) -> int:
        try:
            return self._tokens.client(request.headers.get("Authorization", ""), at, self.settings)
        except ApiError:
            self.state.calls["unauthorized"] += 1
            raise

    def _over_limit(self, call: Call, policy: str) -> Reply:
        reply = error_reply(call, over_limit(policy))
        if call.settings.retry_after is None:
            return reply
        return reply._replace(headers={**reply.headers, "Retry-After": call.settings.retry_after})

    def _call(self) -> Call:
        correlation_id = str(UUID(int=self._random.getrandbits(128), version=4))
        return Call(self.settings, self.state, b"", correlation_id, self._wall_clock(), self._netloc)


async def serve(settings: SimulatorSettings, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Run a simulator until cancelled; `announce` is called with its URL once it serves.

    Raises `ValueError` for a host that is not loopback and `OSError` for a port in use.
    """
    async with Simulator(settings, host, port) as simulator:
        announce(simulator.url)
        await asyncio.Event().wait()
