"""What the pace and its client say to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

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
