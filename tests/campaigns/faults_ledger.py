"""What a client could know of each pair, by the requests that it sent and the answers that it got."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from loader.simulator.answers import BrokenReply, Reply

#: Answers that say that a request was not acted on.
_REJECTED = frozenset({401, 429, 477, 488, *range(300, 400)})
_NO_PERMISSION = (b"MISSING_SCOPES", b"USER_DOES_NOT_HAVE_PERMISSIONS")
_REFUSING = frozenset(range(400, 500)) - {401, 403, 408, 409, 423, 425, 429, 477, 488}


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


class Ledger:
    """Notes every answer. Times are the loop's.

    asked_for: requests to associate each pair
    sent: those of them that may have been acted on
    first: the first of these. There may be several: a client may not have heard a rejection that came late.
    writes: when associations were asked for
    read: requests of look-ups of each pair
    looked_up: when those came that were answered with success
    unclear: pairs of which a look-up may have said nothing
    refused: answers that refused each pair
    nothing: 2xx answers with neither the pair nor an error
    archived: pairs that were asked to be removed
    made: when another integration associated each pair
    token_refused: when a write was first answered with 401
    """

    def __init__(self) -> None:
        self.asked_for: Counter[Pair] = Counter()
        self.sent: Counter[Pair] = Counter()
        self.first: defaultdict[Pair, list[FirstSent]] = defaultdict(list)
        self.writes: list[float] = []
        self.read: Counter[Pair] = Counter()
        self.looked_up: defaultdict[Pair, list[float]] = defaultdict(list)
        self.unclear: set[Pair] = set()
        self.refused: Counter[Pair] = Counter()
        self.nothing: Counter[Pair] = Counter()
        self.archived: set[Pair] = set()
        self.made: dict[Pair, float] = {}
        self.token_refused: float | None = None

    def of(self, pair: Pair) -> str:
        """All that is known of a pair, in words."""
        return (
            f"sent {self.sent[pair]} of {self.asked_for[pair]}, first {self.first[pair]}, made "
            f"{self.made.get(pair)}, looked up {self.looked_up[pair]}, refused {self.refused[pair]}, "
            f"nothing {self.nothing[pair]}, archived {pair in self.archived}"
        )

    def write(
        self, existed: Mapping[Pair, bool], at: float, reply: Reply | BrokenReply, *, in_time: bool
    ) -> None:
        """Pairs were to be associated. `in_time`: the client has certainly waited for the answer."""
        self.writes.append(at)
        if isinstance(reply, BrokenReply):
            reply = Reply(200, reply.body)
            rejected = False
        else:
            rejected = _rejects(reply)
        refuses = _refuses(reply)
        for pair, existed_then in existed.items():
            self.asked_for[pair] += 1
            if not self.sent[pair] and not (rejected and in_time):
                self.first[pair].append(FirstSent(at, existed_then))
            self.sent[pair] += not rejected
            self.refused[pair] += refuses
            self.nothing[pair] += 200 <= reply.status < 300 and not refuses

    def look_up(
        self, pairs: Mapping[Pair, bool], at: float, reply: Reply | BrokenReply, *, clear: bool
    ) -> None:
        """Pairs were looked up. `clear`: the answer says whether each of them exists."""
        self.read.update(pairs.keys())
        for pair in pairs:
            if isinstance(reply, BrokenReply) or 200 <= reply.status < 300:
                self.looked_up[pair].append(at)
            if not clear:
                self.unclear.add(pair)


def says_removed(reply: Reply | BrokenReply) -> bool:
    """Whether an answer to a batch archive is proof."""
    if isinstance(reply, BrokenReply):
        return False
    document = _document(reply) or {}
    return reply.status == 204 or (reply.status < 300 and str(document.get("status")).upper() == "COMPLETE")


def _rejects(reply: Reply) -> bool:
    no_permission = reply.status == 403 and any(word in reply.body for word in _NO_PERMISSION)
    return reply.status in _REJECTED or no_permission


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


def _document(reply: Reply) -> dict[str, Any] | None:
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
