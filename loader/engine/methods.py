"""How items are made and sent: one by one or in batches, and with a look before or without."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from loader.engine.batching import BatchPacking, BatchSender, packed
from loader.engine.sender import PartialResult, Sender
from loader.engine.skip_existing import ExistingFirst, asking_packing
from loader.engine.work_queue import WorkItem
from loader.hubspot import HubSpot, Verdict
from loader.model import Pair
from loader.settings import LoadSettings


class SendMethod(NamedTuple):
    """A way to send: `pack` makes items of pairs as they are read (True: these are the last)."""

    pack: Callable[[list[Pair], bool], list[WorkItem]]
    sender: Sender


def choose_method(settings: LoadSettings, hubspot: HubSpot) -> SendMethod:
    """The way that `--method` and `--skip-existing` ask for."""
    batch = settings.method == "batch"
    sender: Sender = BatchSender(hubspot) if batch else PutSender(hubspot)
    if settings.skip_existing:
        return SendMethod(asking_packing(), ExistingFirst(hubspot, sender, packed if batch else _one_by_one))
    return SendMethod(BatchPacking() if batch else one_by_one, sender)


class PutSender:
    """One request per pair: the contract's default."""

    def __init__(self, hubspot: HubSpot) -> None:
        self._hubspot = hubspot

    def send(self, item: WorkItem) -> Coroutine[Any, Any, Verdict | PartialResult]:
        """Associate the item's one pair."""
        return self._hubspot.associate(item.pairs[0])


def one_by_one(pairs: list[Pair], _last: bool) -> list[WorkItem]:
    """A item for each pair."""
    return [WorkItem([pair]) for pair in pairs]


def _one_by_one(pairs: list[Pair], existed_before: str) -> list[WorkItem]:
    return [WorkItem([pair], existed_before=existed_before) for pair in pairs]
