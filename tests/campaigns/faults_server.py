"""A simulator whose answers are faulty, and that remembers what a client could know of each pair."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from random import Random
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson
from aiohttp import web

from loader.simulator import SimulatorSettings, SimulatorState
from loader.simulator.answers import BrokenReply, Call, Reply, error_reply
from loader.simulator.api_errors import ApiError
from loader.simulator.association_types import type_id_of
from loader.simulator.broken_replies import send_broken
from loader.simulator.routes import Route, find_route
from tests.campaigns.faults_answers import ANYWHERE, OF_ENDPOINT, Fault, headers_of

#: Answers that say that a request was not acted on.
_REJECTED = frozenset({401, 429, 477, 488, *range(300, 400)})
_REFUSING = frozenset(range(400, 500)) - {401, 403, 408, 409, 423, 425, 429, 477, 488}
_NO_PERMISSION = (b"MISSING_SCOPES", b"USER_DOES_NOT_HAVE_PERMISSIONS")
_WRITES = ("associate", "batch associate")


class Pair(NamedTuple):
    """Two records; the types are IDs, like ``0-1``."""

    from_type: str
    from_id: str
    to_type: str
    to_id: str


class FirstSent(NamedTuple):
    """The first request for a pair that may have been acted on: when it came, and what existed then."""

    at: float
    existed: bool


class Temper(NamedTuple):
    """How often an endpoint answers wrongly, and with which faults."""

    chance: float
    faults: list[str]


class FaultyServer:
    """Answers on loopback as a simulator does, but for the faults that `tempers` and the seed draw.

    Which fault a request meets depends on the seed, the endpoint, what it is about and how often that was asked.

    tempers: by endpoint; those of others are calm. `heal` makes all calm.
    arrived: called with each endpoint's name when a request has arrived, and when it has been carried out.
    sent: requests for each pair that may have been acted on; all: with those that were not.
    first: what may have been the first of these: a rejection that came late, or not at all, may be unknown to the
        client; the last one is certain.
    made: when another integration made an association (the loop's time).
    asked: requests of look-ups of each pair. looked_up: when those arrived that were answered with success.
    archived: pairs that were asked to be removed.
    refused, nothing: answers to requests for each pair that refused it, or had neither the pair nor an error.
    unclear: pairs of which a look-up may have said nothing.
    writes: when associations were asked for. token_refused: when a token was first refused.
    told: the faults that were drawn. patience: seconds after which the client gives a request up.
    """

    def __init__(
        self, seed: int, state: SimulatorState, settings: SimulatorSettings, tempers: dict[str, Temper]
    ) -> None:
        self.state, self.settings, self.tempers = state, settings, tempers
        self.arrived: Callable[[str, bool], None] = lambda _name, _done: None
        self.pairs: set[Pair] = set()
        self.sent: Counter[Pair] = Counter()
        self.all: Counter[Pair] = Counter()
        self.first: defaultdict[Pair, list[FirstSent]] = defaultdict(list)
        self.patience = 0.0
        self.made: dict[Pair, float] = {}
        self.looked_up: defaultdict[Pair, list[float]] = defaultdict(list)
        self.asked: Counter[Pair] = Counter()
        self.archived: set[Pair] = set()
        self.refused: Counter[Pair] = Counter()
        self.nothing: Counter[Pair] = Counter()
        self.unclear: set[Pair] = set()
        self.writes: list[float] = []
        self.token_refused: float | None = None
        self.told: list[str] = []
        self._seed = seed
        self._times: Counter[tuple[str, str]] = Counter()

    async def __aenter__(self) -> Self:
        self._http = web.Server(self._handle, access_log=None)
        self._listener = await asyncio.get_running_loop().create_server(self._http, "127.0.0.1", 0)
        self.url = "http://127.0.0.1:%d" % self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._http.pre_shutdown()
        await self._http.shutdown(0.1)
        await self._listener.wait_closed()

    def heal(self) -> None:
        """Answer truly from now on."""
        self.tempers = {}

    def exists(self, pair: Pair, *, default: bool = False) -> bool:
        """Whether a pair is associated at all, or by the default type."""
        specs = self.state.types_between(*pair)
        return any(spec.label is None for spec in specs) if default else bool(specs)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, at = request.raw_path.partition("?")[0], asyncio.get_running_loop().time()
        body = await request.read()
        route = find_route(request.method, path)
        self.arrived(route.name, False)
        pairs = self._pairs(route, body)
        existed = {pair: self.exists(pair) for pair in pairs}
        random, fault, name = self._draw(route, path, body)
        if random.random() < 0.2 and self.tempers:
            await asyncio.sleep(random.choice([0.05, 0.5, 2.0]))
        works = fault is None or (random.random() < 0.5 if fault.works is None else fault.works)
        reply: Reply | BrokenReply = self._carry_out(route, body, works)
        if fault is not None and isinstance(reply, Reply):
            reply = fault.answer(reply, random)
            if not works and route.name == "batch archive" and _says_removed(reply):
                reply = Reply(500, b"{}")
        subject = path if route.name == "associate" else f"{path} {body.decode()}"
        answer = f"{reply.status if isinstance(reply, Reply) else reply.number} {reply.body[:2000]!r}"
        self.told.append(f"{at:.3f} {subject}\n    {name}, {'works' if works else 'does not'}: {answer}")
        self.arrived(route.name, True)
        later = random.choice([0.05, 0.5, 3.0]) if random.random() < 0.1 and self.tempers else 0.0
        in_time = asyncio.get_running_loop().time() + later < at + self.patience / 4
        self._note(route, pairs, existed, at, reply, fault, in_time)
        await asyncio.sleep(later)
        if isinstance(reply, BrokenReply):
            return await send_broken(request, reply)
        if reply.status == 401 and route.name in _WRITES and request.transport and not self.token_refused:
            self.token_refused = asyncio.get_running_loop().time()
        headers = {"X-HubSpot-Correlation-Id": f"c-{len(self.told)}"}
        if self.tempers:
            headers |= headers_of(random)
        return web.Response(status=reply.status, body=reply.body, headers=headers | dict(reply.headers))

    def _draw(self, route: Route, path: str, body: bytes) -> tuple[Random, Fault | None, str]:
        subject = f"{path} {body.decode()}"
        self._times[route.name, subject] += 1
        random = Random(f"{self._seed} {route.name} {subject} {self._times[route.name, subject]}")
        temper = self.tempers.get(route.name)
        if temper is None or random.random() >= temper.chance:
            return random, None, "true"
        name = random.choice(temper.faults)
        return random, (OF_ENDPOINT.get(route.name, {}) | ANYWHERE)[name], name

    def _carry_out(self, route: Route, body: bytes, works: bool) -> Reply | BrokenReply:
        state = self.state if works else deepcopy(self.state)
        call = Call(self.settings, state, body, "c", time.time(), "127.0.0.1:1")
        try:
            return route.endpoint(call, *route.parts)
        except ApiError as error:
            return error_reply(call, error)

    def _pairs(self, route: Route, body: bytes) -> list[Pair]:
        """The pairs that a request is about; of a look-up those of the story that it asks for."""
        if route.name == "associate":
            from_name, from_id, to_name, to_id = route.parts
            return [Pair(type_id_of(from_name) or "", from_id, type_id_of(to_name) or "", to_id)]
        if route.name not in ("batch associate", "batch read", "batch archive"):
            return []
        kinds = [type_id_of(name) or "" for name in route.parts]
        inputs = orjson.loads(body)["inputs"]
        if route.name == "batch read":
            asked = {item["id"] for item in inputs}
            return [
                pair
                for pair in self.pairs
                if (kinds == [pair.from_type, pair.to_type] and pair.from_id in asked)
                or (kinds == [pair.to_type, pair.from_type] and pair.to_id in asked)
            ]
        ends = [
            (item["from"]["id"], to["id"])
            for item in inputs
            for to in (item["to"] if isinstance(item["to"], list) else [item["to"]])
        ]
        return [Pair(kinds[0], from_id, kinds[1], to_id) for from_id, to_id in ends]

    def _note(
        self,
        route: Route,
        pairs: Iterable[Pair],
        existed: dict[Pair, bool],
        at: float,
        reply: Reply | BrokenReply,
        fault: Fault | None,
        in_time: bool,
    ) -> None:
        if route.name == "batch read":
            self.asked.update(pairs)
            for pair in pairs:
                if isinstance(reply, BrokenReply) or 200 <= reply.status < 300:
                    self.looked_up[pair].append(at)
                if self.settings.named_errors or (fault is not None and not fault.harmless):
                    self.unclear.add(pair)
        if route.name == "batch archive":
            self.archived.update(pairs)
        if route.name not in _WRITES:
            return
        self.writes.append(at)
        rejected = isinstance(reply, Reply) and (
            reply.status in _REJECTED
            or (reply.status == 403 and any(word in reply.body for word in _NO_PERMISSION))
        )
        for pair in pairs:
            self.all[pair] += 1
            if not self.sent[pair] and not (rejected and in_time):
                self.first[pair].append(FirstSent(at, existed[pair]))
            self.sent[pair] += not rejected
            said = reply if isinstance(reply, Reply) else Reply(200, reply.body)
            self.refused[pair] += _refuses(said)
            self.nothing[pair] += 200 <= said.status < 300 and not _refuses(said)


def _document(reply: Reply) -> dict[str, Any] | None:
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _refuses(reply: Reply) -> bool:
    """Whether an answer may be read as a refusal of a pair that it does not call associated."""
    document = _document(reply)
    if reply.status in _REFUSING:
        return document is not None or not reply.body.strip()
    if reply.status == 403:
        return document is not None
    return 200 <= reply.status < 300 and bool(
        document and (document.get("errors") or document.get("numErrors"))
    )


def _says_removed(reply: Reply | BrokenReply) -> bool:
    if isinstance(reply, BrokenReply):
        return False
    document = _document(reply) or {}
    return reply.status == 204 or (reply.status < 300 and str(document.get("status")).upper() == "COMPLETE")
