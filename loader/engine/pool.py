"""The worker pool: takes items from the queue, sends them, and does with each verdict what it calls for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from loader.engine.circuit_breaker import CircuitBreaker
from loader.engine.moving import move
from loader.engine.retry import MADE_NOTHING_SENDS, RetryPolicy
from loader.engine.sender import Limits, PartialResult, Report, Sender, Surroundings
from loader.engine.stats import RunStats
from loader.engine.work_queue import WorkItem, WorkQueue
from loader.errors import Stopped
from loader.hubspot import Kind, Verdict
from loader.model import Outcome, OutcomeGroup, Status

#: Seconds that requests under way may take to end once the run is to stop.
GRACE = 30.0
#: A request for many pairs that keeps failing is split after so many attempts, to find the one at fault.
_ATTEMPTS_BEFORE_SPLITTING = 3
#: Passing faults in a row, whoever they were for, that look like everybody's trouble.
_ALL_FAIL = 12


class Pool:
    """Workers over one queue, until the queue ends or something stops the run (then `stopped` says what)."""

    def __init__(
        self,
        queue: WorkQueue,
        sender: Sender,
        report: Report,
        stats: RunStats,
        policy: RetryPolicy,
        limits: Limits,
        around: Surroundings,
    ) -> None:
        self.stopped: Stopped | None = None
        self._stop_asked = False
        self._error: BaseException | None = None
        self._queue, self._sender, self._report, self._stats = queue, sender, report, stats
        self._policy, self._limits, self._around = policy, limits, around
        self._outage = CircuitBreaker()
        self._probing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._day_is_over = False
        self._refused_in_a_row = self._passing_in_a_row = 0
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()  # when anything but a short-term 429 last came back

    async def run(self, workers: int) -> None:
        """Work until everything is settled or the run is stopped; then nothing is under way any more."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._work()) for _ in range(workers)]
            group.create_task(self._see_off(tasks))
        if self._error is not None:
            raise self._error

    def stop(self, why: Stopped | None) -> None:
        """Feed nothing more and let what is under way end. `why` is None when a person interrupts."""
        if not self._stop_asked:
            self._stop_asked = True
            self.stopped = why
            self._around.log("stop", {"reason": why.reason if why else "interrupted"})
        self._queue.close()
        self._stopping.set()

    def fail(self, error: BaseException) -> None:
        """End the run with an error that nobody has foreseen; `run` raises it."""
        self._error = error
        self.stop(None)

    async def _work(self) -> None:
        queue, sender, outage, day = self._queue, self._sender, self._outage, self._limits.day
        # In an outage others than the silent rows ask: were those to blame, they could never find it over.
        while (item := await queue.next(untried_first=outage.began is not None)) is not None:
            try:
                if outage.began is None and item.spent is None and not self._day_is_over and not day.reserve:
                    self._take_in(item, await sender.send(item))
                else:
                    await self._handle_with_care(item)
            except Stopped as why:
                self.stop(why)
            finally:
                queue.done(item)
                del item  # else each idle worker would keep a batch of rows
        self._stopping.set()

    async def _see_off(self, workers: list[asyncio.Task[None]]) -> None:
        """When the run is to stop: wait for what was sent, then send home who still waits to send."""
        await self._stopping.wait()
        end = self._loop.time() + GRACE
        while self._around.there.in_flight and self._loop.time() < end:  # noqa: ASYNC110 - only at the end
            await asyncio.sleep(0.02)
        for worker in workers:
            worker.cancel()

    async def _handle_with_care(self, item: WorkItem) -> None:
        """Send where the day may be over, nobody may be there, or the item may have no attempt left."""
        day = self._limits.day
        if self._day_is_over or day.spent(self._around.there.in_flight):
            if not day.wait:
                self._queue.again([item])
                self.stop(day.over("only the reserve is left of the daily limit"))
                return
            await day.sleep()
            self._day_is_over = False
        if self._outage.began is not None or item.spent is not None:
            async with self._probing:
                if self._outage.began is not None:
                    await self._wait_to_probe()
                    if not self._outage.doubts(item):
                        self._take_in(item, await self._sender.send(item))
                        return
                if not await self._somebody_answers(item.sent):
                    self._outage.nobody(self._loop.time())
                    self._in_outage(item)
                    return
        if item.spent is None:
            self._take_in(item, await self._sender.send(item))
            return
        verdict, item.spent = item.spent, None
        if not self._out_of_attempts(item):
            self._later(item, item.attempts, verdict)
        elif not self._split(item, self._delay(item.attempts, verdict)):
            self._settle_all(item, Status.GAVE_UP, verdict)

    async def _somebody_answers(self, since: float) -> bool:
        """Whether somebody has answered what was sent later than `since`, or does so now."""
        there = self._around.there
        if self._outage.began is None and there.heard > since:
            return True
        if not await there.answers():
            return False
        self._heard = self._loop.time()
        self._answered()
        return True

    async def _wait_to_probe(self) -> None:
        began = self._outage.began or self._loop.time()
        left = began + self._limits.outage_timeout - self._loop.time()
        await asyncio.sleep(max(0.0, min(self._outage.probe_delay(), left)))

    def _take_in(self, item: WorkItem, result: Verdict | PartialResult) -> None:
        now = self._loop.time()
        if isinstance(result, PartialResult):
            self._answered()
            self._heard = now
            self._passing_in_a_row = 0
            for group in result.groups:
                self._settle(group)
            self._queue.again(result.again)
            return
        kind = result.kind
        if result.http_status:
            self._answered()
            if kind is not Kind.TRANSIENT:
                self._passing_in_a_row = 0
            if kind is not Kind.THROTTLED:
                self._heard = now
        _ACTIONS[kind](self, item, result)

    # What each kind of the outcome table does with the row and the run (contract, section 4).

    def _success(self, item: WorkItem, verdict: Verdict) -> None:
        item.attempts += 1
        self._settle_all(item, Status.ASSOCIATED, verdict)

    def _refused(self, item: WorkItem, verdict: Verdict) -> None:
        item.attempts += 1
        if not self._split(item):
            self._settle_all(item, Status.FAILED, verdict)

    def _made_nothing(self, item: WorkItem, verdict: Verdict) -> None:
        item.attempts += 1
        item.nothing_made += 1
        if self._split(item):
            return
        if item.nothing_made >= MADE_NOTHING_SENDS:
            self._settle_all(item, Status.FAILED, verdict)
        else:
            self._later(item, item.nothing_made, verdict)

    def _passing(self, item: WorkItem, verdict: Verdict) -> None:
        item.attempts += 1
        self._passing_in_a_row += 1
        # If nothing goes well for anybody, splitting would only add to the trouble: wait as long as allowed.
        all_fail = self._passing_in_a_row >= _ALL_FAIL
        if item.attempts < self._policy.max_attempts and (all_fail or not self._out_of_attempts(item)):
            self._later(item, item.attempts, verdict)
        elif not self._split(item, self._delay(item.attempts, verdict)):
            self._settle_all(item, Status.GAVE_UP, verdict)

    def _throttled(self, item: WorkItem, verdict: Verdict) -> None:
        self._stats.throttled += 1
        self._queue.again([item])
        silence = self._loop.time() - self._heard
        if silence > max(self._limits.outage_timeout, 60.0):
            self.stop(
                Stopped(
                    "throttled",
                    f"HubSpot has answered nothing but 429 (too many requests) for {silence:.0f} s",
                    "Other integrations seem to use up the account's limit. Stop or slow them, then run the "
                    "same command again.",
                )
            )

    def _daily(self, item: WorkItem, verdict: Verdict) -> None:
        self._queue.again([item])
        self._limits.day.asked(verdict.retry_after)
        if not self._limits.day.wait:
            self.stop(self._limits.day.over(verdict.message))
        # Else the next one to be sent waits for the reset.
        self._day_is_over = True

    def _moving(self, item: WorkItem, verdict: Verdict) -> None:
        self._queue.again([item])
        moving = move(verdict, self._limits.day.format_local_time)
        if isinstance(moving, Stopped):
            self.stop(moving)
        else:
            self._around.pause(moving, "HubSpot moves the account to another data centre")

    def _account(self, item: WorkItem, verdict: Verdict) -> None:
        self.stop(Stopped(verdict.reason or "account", verdict.message, verdict.hint))

    def _silent(self, item: WorkItem, verdict: Verdict) -> None:
        item.attempts += 1
        now = self._loop.time()
        heard = self._around.there.heard
        if self._outage.silent(item, now, verdict.waited, heard, verdict.message):
            self._in_outage(item)
            return
        # Where few rows are under way, they may take longer than that to use up their attempts.
        long_silent = now - self._heard >= self._limits.outage_timeout
        if long_silent or self._out_of_attempts(item):
            item.spent = verdict
            self._queue.again([item])
        else:
            self._later(item, item.attempts, verdict)

    def _unreachable(self, item: WorkItem, verdict: Verdict) -> None:
        if verdict.category == "TLS_CERTIFICATE":  # no waiting will make it trustworthy
            self.stop(Stopped("tls", verdict.message, verdict.hint))
            return
        self._outage.unreachable(self._loop.time(), verdict.message)
        self._in_outage(item)

    def _in_outage(self, item: WorkItem) -> None:
        self._queue.later(item, self._outage.rest)
        if not self._stats.pause:
            self._stats.pause = f"no answer ({self._outage.last_words}); asking again"
            self._around.log("outage", {"message": self._outage.last_words})
        silence = self._loop.time() - (self._outage.began or 0.0)
        if silence >= self._limits.outage_timeout:
            self.stop(
                Stopped(
                    "outage",
                    f"nobody has answered for {silence:.0f} s: {self._outage.last_words}",
                    "Check the network, then run the same command again: it goes on from here.",
                )
            )

    def _answered(self) -> None:
        if self._outage.answered(self._around.there.heard):
            self._stats.pause = ""
            self._around.log("outage_over", {})

    def _out_of_attempts(self, item: WorkItem) -> bool:
        most = self._policy.max_attempts
        return item.attempts >= (most if len(item.pairs) == 1 else min(most, _ATTEMPTS_BEFORE_SPLITTING))

    def _split(self, item: WorkItem, delay: float = 0.0) -> bool:
        """Where a request for many pairs failed as a whole, send its halves, so that blame becomes exact."""
        halves = item.halves()
        if delay:
            for half in halves:
                self._queue.later(half, delay)
        else:
            self._queue.again(halves)
        return bool(halves)

    def _later(self, item: WorkItem, attempts: int, verdict: Verdict) -> None:
        self._stats.retries += 1
        self._queue.later(item, self._delay(attempts, verdict))

    def _delay(self, attempts: int, verdict: Verdict) -> float:
        return self._policy.delay(attempts, verdict.retry_after)

    def _settle_all(self, item: WorkItem, status: Status, verdict: Verdict) -> None:
        first = Outcome(
            item.pairs[0],
            status,
            self._around.now(),
            verdict.http_status,
            item.attempts,
            verdict.association_types,
            item.existed_before,
            verdict.category,
            verdict.message,
            verdict.details,
            verdict.correlation_id,
        )
        self._settle(OutcomeGroup(item.pairs, first), telling=not item.neighbours_stand)

    def _settle(self, group: OutcomeGroup, *, telling: bool = True) -> None:
        """Report a group of rows; refusals that are not `telling` say nothing about the rest of the file."""
        self._report.add(group)
        self._stats.add(group)
        if group.first.status is not Status.FAILED:
            self._refused_in_a_row = 0
        elif telling:
            self._more_refused(group)

    def _more_refused(self, group: OutcomeGroup) -> None:
        self._refused_in_a_row += len(group.pairs)
        if 0 < self._limits.stop_after_failures <= self._refused_in_a_row:
            self.stop(
                Stopped(
                    "too_many_failures",
                    f"{self._refused_in_a_row} rows in a row were refused, the last with: "
                    f"{group.first.error_message}",
                    "Is it the right file, with the right columns and types, for this account? The report "
                    "has the reasons. --stop-after-failures 0 goes on regardless.",
                )
            )


_ACTIONS: dict[Kind, Callable[[Pool, WorkItem, Verdict], None]] = {
    Kind.SUCCESS: Pool._success,
    Kind.REFUSED: Pool._refused,
    Kind.MADE_NOTHING: Pool._made_nothing,
    Kind.TRANSIENT: Pool._passing,
    Kind.THROTTLED: Pool._throttled,
    Kind.DAILY: Pool._daily,
    Kind.MIGRATION: Pool._moving,
    Kind.ACCOUNT: Pool._account,
    Kind.NO_ANSWER: Pool._silent,
    Kind.UNREACHABLE: Pool._unreachable,
}
