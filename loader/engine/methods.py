"""The ways to send that `--method` and `--skip-existing` ask for."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from loader.engine.batching import MOST_PAIRS, BatchSender, batch_packing
from loader.engine.sender import Admit, PartialResult, Sender, SendMethod
from loader.engine.skip_existing import ExistingFirst
from loader.engine.work_item import WorkItem
from loader.hubspot import HubSpot, Verdict
from loader.model import Pair
from loader.settings import LoadSettings


def choose_method(settings: LoadSettings, hubspot: HubSpot) -> SendMethod:
    """The way to send that the settings ask for."""
    batch = settings.method == "batch"
    sender: Sender = BatchSender(hubspot) if batch else PutSender(hubspot)
    if settings.skip_existing:
        sender = ExistingFirst(hubspot, sender, batch_packing() if batch else one_by_one)
    return SendMethod(
        sender,
        batch_packing() if batch else one_by_one,
        pairs=MOST_PAIRS if batch else 1,
        looks_up=settings.skip_existing,
    )


class PutSender:
    """One request per pair."""

    def __init__(self, hubspot: HubSpot) -> None:
        self._hubspot = hubspot

    def send(self, item: WorkItem, admit: Admit) -> Coroutine[Any, Any, Verdict | PartialResult]:
        """Associate the item's one pair."""
        return self._hubspot.associate(item.pairs[0], admit)


def one_by_one(pairs: list[Pair], existed_before: str, _last: bool) -> list[WorkItem]:
    """An item for each pair."""
    return [WorkItem([pair], existed_before=existed_before) for pair in pairs]
