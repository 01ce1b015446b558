"""How parcels are sent."""

from __future__ import annotations

from loader.hubspot import HubSpot, Verdict
from loader.model import Pair
from loader.run.parcels import Parcel
from loader.run.roles import Split


class PutSender:
    """One request per pair: the contract's default."""

    def __init__(self, hubspot: HubSpot) -> None:
        self._hubspot = hubspot

    async def send(self, parcel: Parcel) -> Verdict | Split:
        """Associate the parcel's one pair."""
        return await self._hubspot.associate(parcel.pairs[0])

    @property
    def in_flight(self) -> int:
        """Requests that were sent and have no answer yet."""
        return self._hubspot.in_flight


def one_by_one(pairs: list[Pair], _last: bool) -> list[Parcel]:
    """A parcel for each pair."""
    return [Parcel([pair]) for pair in pairs]
