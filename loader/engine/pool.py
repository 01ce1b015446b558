"""The worker pool: takes items from the queue, sends them, and does what each verdict calls for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from loader.engine.circuit_breaker import CircuitBreaker, Connection
from loader.engine.daily_quota import DailyQuota
from loader.engine.gate import Gate
from loader.engine.journal import Journal
from loader.engine.retry import MADE_NOTHING_SENDS, RetryPolicy, migration_wait
from loader.engine.sender import NotStarted, PartialResult, Sender
from loader.engine.stats import RunStats
from loader.engine.stop_after_failures import ReadRecords, Refusals
from loader.engine.work_item import Stage, WorkItem
from loader.engine.work_queue import WorkQueue
from loader.errors import Stopped
from loader.hubspot import Kind, Verdict
from loader.model import OutcomeGroup, Status
from loader.pace import Pace

#: A request for many pairs that keeps failing is split after this many attempts, to find the one at fault.
_ATTEMPTS_BEFORE_SPLITTING = 3
#: From this many transient errors in a row on, no pair is at fault. Splitting would only add to the trouble.
_ALL_FAIL = 12
#: Most pauses in a row that end in another 429: at least this many, more for a long outage time-out.
_FEWEST_PAUSES, _SECONDS_PER_PAUSE = 6, 10.0


class Pool:
    """Workers over one queue, until it ends or something stops the run (then `stopped` says what)."""

    def __init__(
        self,
        queue: WorkQueue,
        sender: Sender,
        journal: Journal,
        *,
        connection: Connection,
        read_records: ReadRecords,
        pace: Pace,
        day: DailyQuota,
        stats: RunStats,
        policy: RetryPolicy,
        outage_timeout: float,
        stop_after_failures: int,
        decide: Callable[[str, dict[str, object]], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`outage_timeout` is in seconds; `decide` is told of decisions; `now` gives Unix time."""
        self.stopped: Stopped | None = None
        self._queue, self._sender, self._journal, self._stats = queue, sender, journal, stats
        self._connection, self._read_records, self._pace, self._day = connection, read_records, pace, day
        self._policy, self._decide, self._now = policy, decide, now
        self._breaker = CircuitBreaker(connection, outage_timeout, self._outage_changed)
        self._refusals = Refusals(stop_after_failures)
        self._gate = Gate(queue, journal, connection, self._breaker, day, self._refusals, now)
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._error: BaseException | None = None
        self._transient_in_a_row = 0
        self._most_pauses = max(_FEWEST_PAUSES, outage_timeout / _SECONDS_PER_PAUSE)
        self._pauses_in_a_row, self._pause_ends = 0, 0.0

    async def run(self, workers: int) -> None:
        """Work until every pair is settled or the run is stopped; then no request is in flight any more."""
        tasks = [asyncio.create_task(self._work()) for _ in range(workers)]
        drain = asyncio.create_task(self._drain(tasks))
        try:
            await asyncio.gather(*tasks, drain, return_exceptions=True)
        finally:
            for task in (*tasks, drain):
                task.cancel()
            await asyncio.gather(*tasks, drain, return_exceptions=True)
            recorded = [item for item in self._queue.unstarted() if item.stage is Stage.RECORDED]
            self._journal.withdraw([pair for item in recorded for pair in item.pairs])
        if self._error is not None:
            raise self._error

    def stop(self, why: Stopped | None) -> None:
        """Start no more requests. `why` is None if a person interrupts the run."""
        if not self._gate.closed:
            self._gate.closed = True
            self.stopped = why
            self._decide("stop", {"reason": why.reason if why else "interrupted"})
        self._queue.close()
        self._stopping.set()

    def fail(self, error: BaseException) -> None:
        """Stop because of an unforeseen error, which `run` raises."""
        self._error = self._error or error
        self.stop(None)

    async def _work(self) -> None:
        queue = self._queue
        while (item := await queue.next()) is not None:
            try:
                await self._send(item)
            except NotStarted:
                queue.again([item])
            except asyncio.CancelledError:
                queue.again([item])
                raise
            except Stopped as why:
                queue.again([item])
                self.stop(why)
            except Exception as error:  # a bug in the loader; the other workers end in good order
                self.fail(error)
            finally:
                queue.done(item)
                del item  # else each idle worker would keep a batch of pairs
        self._stopping.set()

    async def _drain(self, workers: list[asyncio.Task[None]]) -> None:
        """Wait for in-flight requests, each of which has a time-out of its own, then cancel the workers."""
        await self._stopping.wait()
        while self._connection.in_flight:  # noqa: ASYNC110 - only at the end
            await asyncio.sleep(0.02)
        for worker in workers:
            worker.cancel()

    async def _send(self, item: WorkItem) -> None:
        if self._gate.is_held_up:
            await self._gate.wait()
        if item.stage is Stage.WITHDRAWN:
            return
        try:
            result = await self._sender.send(item, partial(self._gate.admit, item))
        except (NotStarted, Stopped):
            raise
        except Exception as error:  # a bug in the loader; any answer must still have a verdict
            what = f"The answer can't be interpreted ({type(error).__name__})"
            result = Verdict(Kind.TRANSIENT, 0, "UNREADABLE_ANSWER", what)
        await self._handle(item, result)

    async def _handle(self, item: WorkItem, result: Verdict | PartialResult) -> None:
        if isinstance(result, PartialResult):
            self._answered(useful=True)
            for group in result.groups:
                self._settle(group, partly_associated=False)
            self._queue.again(result.again)
            if item.look_up and not any(one.look_up for one in result.again):
                self._queue.learn(item, sum(len(one.pairs) for one in result.again))
        else:
            if result.http_status:
                self._answered(useful=result.kind not in (Kind.TRANSIENT, Kind.THROTTLED))
                if result.kind is not Kind.THROTTLED:
                    self._pauses_in_a_row = 0
            if result.kind in _REJECTED:
                self._queue.rejected(item)
                self._queue.again([item])
            if result.kind is Kind.NO_ANSWER:
                await self._no_answer(item, result)
            else:
                _ACTIONS[result.kind](self, item, result)
        await self._judge_refusals()

    async def _judge_refusals(self) -> None:
        why = None
        if self._refusals.are_suspect:
            why = await self._refusals.look_into(self._read_records, self._gate.admit_question)
        if why := why or self._refusals.too_many():
            self.stop(why)

    def _answered(self, *, useful: bool) -> None:
        self._breaker.answered()
        if useful:
            self._transient_in_a_row = self._pauses_in_a_row = 0

    # What each kind of the outcome table does with the pairs and the run (contract, section 5).

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
            self._queue.later(item, self._policy.delay(item.nothing_made, verdict.retry_after))

    def _transient(self, item: WorkItem, verdict: Verdict) -> None:
        item.attempts += 1
        self._transient_in_a_row += 1
        self._retry_or_give_up(item, verdict, all_fail=self._transient_in_a_row >= _ALL_FAIL)

    def _throttled(self, _item: WorkItem, _verdict: Verdict) -> None:
        self._stats.throttled += 1
        # A pause may be as long as an answer asks for, so pauses in vain are counted, not time.
        now = self._loop.time()
        if now >= self._pause_ends:
            self._pauses_in_a_row += 1
            self._pause_ends = now + max(self._pace.reading.paused_for, 0.5)
        if self._pauses_in_a_row > self._most_pauses:
            self.stop(
                Stopped(
                    "throttled",
                    f"HubSpot answered 429 (too many requests) after {self._pauses_in_a_row} pauses in a row",
                    "Other integrations seem to use up the limit. Stop or slow them, then run this again.",
                )
            )

    def _daily(self, _item: WorkItem, verdict: Verdict) -> None:
        self._day.refused(verdict.retry_after)
        if self._day.wait:
            self._day.is_over = True
        else:
            self.stop(self._day.over(verdict.message))

    def _migration(self, _item: WorkItem, verdict: Verdict) -> None:
        wait = migration_wait(verdict, self._day.format_local_time)
        if isinstance(wait, Stopped):
            self.stop(wait)
        else:
            self._pace.pause(wait, "HubSpot is moving the account to another data centre")

    def _account(self, _item: WorkItem, verdict: Verdict) -> None:
        self.stop(Stopped(verdict.reason or "account", verdict.message, verdict.hint))

    def _unreachable(self, _item: WorkItem, verdict: Verdict) -> None:
        if verdict.category == "TLS_CERTIFICATE":  # waiting won't make it trustworthy
            self.stop(Stopped("tls", verdict.message, verdict.hint))
        else:
            self._breaker.unreachable(verdict.message)

    async def _no_answer(self, item: WorkItem, verdict: Verdict) -> None:
        item.attempts += 1
        if self._breaker.no_answer(item, verdict.waited, verdict.message):
            self._queue.again([item])
        elif not self._breaker.is_overdue and not self._out_of_attempts(item):
            self._queue.later(item, self._policy.delay(item.attempts, verdict.retry_after))
        elif await self._breaker.is_answering(item.sent_at, self._gate.admit_question):
            self._retry_or_give_up(item, verdict)
        else:
            self._queue.again([item])

    def _outage_changed(self, why: str) -> None:
        self._stats.pause = f"no answer ({why}); asking again" if why else ""
        self._decide("outage" if why else "outage_over", {"message": why} if why else {})

    def _out_of_attempts(self, item: WorkItem) -> bool:
        most = self._policy.max_attempts
        return item.attempts >= (most if len(item.pairs) == 1 else min(most, _ATTEMPTS_BEFORE_SPLITTING))

    def _retry_or_give_up(self, item: WorkItem, verdict: Verdict, *, all_fail: bool = False) -> None:
        delay = self._policy.delay(item.attempts, verdict.retry_after)
        left = item.attempts < self._policy.max_attempts if all_fail else not self._out_of_attempts(item)
        if left:
            self._queue.later(item, delay)
        elif not self._split(item, delay):
            self._settle_all(item, Status.GAVE_UP, verdict)

    def _split(self, item: WorkItem, delay: float = 0.0) -> bool:
        """Send the halves of a request for many pairs that failed as a whole, to find the pairs at fault."""
        halves = item.halves()
        if delay:
            for half in halves:
                self._queue.later(half, delay)
        else:
            self._queue.again(halves)
        return bool(halves)

    def _settle_all(self, item: WorkItem, status: Status, verdict: Verdict) -> None:
        group = item.outcomes(status, verdict, self._now())
        self._settle(group, partly_associated=item.partly_associated)

    def _settle(self, group: OutcomeGroup, *, partly_associated: bool) -> None:
        self._journal.settle(group)
        self._stats.add(group)
        self._refusals.count(group, partly_associated=partly_associated)


#: HubSpot has not acted on the request, or there was no connection. It is sent again, and no attempt counts.
_REJECTED = frozenset({Kind.THROTTLED, Kind.DAILY, Kind.MIGRATION, Kind.ACCOUNT, Kind.UNREACHABLE})
_ACTIONS: dict[Kind, Callable[[Pool, WorkItem, Verdict], None]] = {
    Kind.SUCCESS: Pool._success,
    Kind.REFUSED: Pool._refused,
    Kind.MADE_NOTHING: Pool._made_nothing,
    Kind.TRANSIENT: Pool._transient,
    Kind.THROTTLED: Pool._throttled,
    Kind.DAILY: Pool._daily,
    Kind.MIGRATION: Pool._migration,
    Kind.ACCOUNT: Pool._account,
    Kind.UNREACHABLE: Pool._unreachable,
}
