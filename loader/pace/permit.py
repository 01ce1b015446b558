"""What a pacer and the client that it paces say to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeAlias

#: Told of each decision: its name (``limit``, ``pause``, ``pace``) and its details, ready for a log line.
Watch: TypeAlias = Callable[[str, dict[str, object]], None]


class Permit(NamedTuple):
    """The right to send one request now. Opaque to the client, which hands it back with the answer."""

    number: int  # the first request is 1
    sent: float  # seconds on the loop's clock
    own: int  # our own requests in the window that ends with this one, itself included
    by_send: bool = False  # whether it goes on the evidence of send times alone
    slot: int = 0  # its number under the run's ceiling; 0 where there is none


class PaceReading(NamedTuple):
    """How the pace stands, for the progress display. Times in seconds; None: not known (yet)."""

    limit: int | None  # requests per interval that the account allows
    interval: float
    allowance: int  # requests per interval (or at once) that the pacer takes for itself now
    in_window: int  # of these, in use now
    requests: int  # sent so far
    daily_limit: int | None
    daily_remaining: int | None
    paused_for: float  # 0: not paused
    pause_reason: str
    why_less: str = ""  # why the allowance is lower than the limit; empty where only a margin is kept


class Pacer(Protocol):
    """Says when a request may go, and learns from what became of it.

    Each permit from `acquire` is handed back once: to `answered`, `throttled`, `lost` or `release`.
    """

    async def acquire(self) -> Permit:
        """Wait until one more request may be sent; first come, first served."""

    def answered(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """Take note of any HTTP answer but a short-term 429."""

    def throttled(self, permit: Permit, headers: Mapping[str, str], retry_after: float | None) -> None:
        """Take note of a short-term 429: everyone pauses, for `retry_after` seconds if the answer says so."""

    def lost(self, permit: Permit) -> None:
        """Take note that no answer will come; the server may have counted the request up to now."""

    def release(self, permit: Permit) -> None:
        """Give back a permit that was not used: its slot is free at once, and nothing counts as sent."""

    def pause(self, seconds: float, reason: str) -> None:
        """Let nobody send for `seconds` from now. Never shortens a pause that is under way."""

    @property
    def reading(self) -> PaceReading:
        """How things stand now; cheap."""
