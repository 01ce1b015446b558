"""What `--rate N/S` asks for: a bound on all requests of a run, whichever pacer lets them go."""

from __future__ import annotations

from loader.pace.latency import LeastLatency
from loader.pace.rate import Rate
from loader.pace.window import Window

#: Seconds over which the least latency is looked for, where the rate's own are fewer.
_STRETCH = 10.0


class Ceiling:
    """At most `rate.requests` in any stretch of `rate.seconds`, as they arrive at the server.

    One for all the pacers of a run. A slot is taken when a request is sent and comes free as `Pace` explains.
    The least latency is that of all requests here: what one pacer's take at least says nothing of the
    other's, whose slots it would free too soon.
    """

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._window = Window(rate.seconds)
        self._latency = LeastLatency()
        self.requests = 0  # sent so far

    def send(self, now: float) -> int:
        """Take a slot for a request that goes out now; the number is for `land`."""
        self.requests += 1
        self._window.send(self.requests, now)
        self._window.sent(now)  # which forgets the old
        return self.requests

    def land(self, number: int, now: float) -> None:
        """Note that a request has ended, with or without an answer."""
        self._window.land(number, now)

    def release(self, number: int, sent: float) -> None:
        """Forget a request that was not sent after all, though it was noted at `sent`."""
        self._window.release(number, sent)

    def learn(self, now: float, latency: float) -> None:
        """Take note of an answer that took `latency` seconds."""
        self._latency.learn(now, latency, max(self.rate.seconds, _STRETCH))

    def room(self, now: float) -> int:
        """How many more requests fit by their answers alone."""
        return self.rate.requests - self._window.held(now, self._latency.bound)

    def full_until(self, now: float, *, by_send: bool = False) -> float | None:
        """When to look again; None: one more request may go, `by_send` also by send times alone."""
        most = self.rate.requests
        return self._window.full_until(now, self._latency.bound, most, most if by_send else 0)
