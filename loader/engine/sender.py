"""What the pool needs of a way to send: one request for an item, and what its answer means for the pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from loader.engine.work_item import WorkItem
from loader.hubspot import Verdict
from loader.model import OutcomeGroup, Pair

#: Called when a request has its permit and is about to start; raises NotStarted if it must not.
Admit: TypeAlias = Callable[[], None]


class NotStarted(Exception):
    """A request must not start any more: something changed while it waited for its permit."""


class PartialResult(NamedTuple):
    """What an answer means for the pairs of an item, if that is not the same for all of them."""

    groups: list[OutcomeGroup]  #: final outcomes, in each group in the order of the rows
    again: list[WorkItem]  #: what is to be sent next


class Sender(Protocol):
    """Sends items."""

    async def send(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
        """Send an item's next request. A Verdict holds for all its pairs.

        `admit` is to be called when the request has its permit; what it raises is raised here.
        """


class SendMethod(NamedTuple):
    """A way to send.

    sender         sends an item
    pack           makes items of pairs with the same `existed_before`; True: no more pairs will come
    pairs          most pairs in one request
    looks_up       pairs that were never sent are looked up first, by the same sender
    """

    sender: Sender
    pack: Callable[[list[Pair], str, bool], list[WorkItem]]
    pairs: int = 1
    looks_up: bool = False
