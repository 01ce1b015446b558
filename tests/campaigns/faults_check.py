"""What must hold after each run of a story: the report against the server's store and what it answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import loader
from loader.commands.result import RunResult
from tests.campaigns.faults_ledger import FirstSent, Ledger, Pair
from tests.campaigns.faults_server import FaultyServer
from tests.campaigns.faults_story import Story
from tests.support.command import report_of, rows_of

#: Seconds after which a look-up without a request is to be repeated (contract, section 3).
_OLDEST_LOOK_UP = 60.0
#: Look-ups after which it may be unknown what existed: each was too old when it was complete.
_SLOW_LOOK_UPS = 3
#: 2xx answers without the pair after which it is `failed` (contract, section 5).
_MADE_NOTHING = 3
#: What a request may take on its way, in seconds of the hurrying loop.
_WAY = 5.0
_BAD = {"failed", "gave_up", "invalid", "removed"}


class Seen(NamedTuple):
    """What the next report is compared with: lines by pair, and how often each had been sent."""

    lines: dict[Pair, dict[str, str]]
    asked_for: Counter[Pair]


def pair_of(line: dict[str, str]) -> Pair:
    """The pair of a line."""
    return Pair(
        "0-1" if line["from_object_type"] == "contacts" else "",
        line["from_object_id"],
        line["to_object_type"],
        line["to_object_id"],
    )


def check_run(
    story: Story, server: FaultyServer, result: RunResult, before: Seen, command: str
) -> tuple[Seen, list[str]]:
    """Hold a run's report against everything that is known."""
    asked_for = server.ledger.asked_for.copy()
    if not report_of(story.file).exists():
        return before, ["there is no report"]
    report = rows_of(report_of(story.file))
    of_input = report[: len(story.rows)]
    others = report[len(story.rows) :]
    faults = [*_shape(story, of_input), *_shape_of_others(story, server, others)]
    if faults:
        return before, faults
    lines = {pair_of(line): line for line in report if line["status"] not in ("invalid", "duplicate")}
    faults += [*_codes(of_input, others, result, command), *_counts(story, of_input, others, result)]
    for pair, line in lines.items():
        status, existed = line["status"], line["existed_before"]
        why = f"{status}, existed_before={existed!r}; {server.ledger.of(pair)}"
        for fault in _pair_faults(story, server, pair, line):
            faults.append(f"{pair}: {fault}: {why}, stored {server.exists(pair)}")
        earlier = before.lines.get(pair)
        if earlier is None:
            continue
        if (
            earlier["existed_before"] != existed
            and earlier["status"] != "not_sent"
            and earlier["existed_before"]
        ):
            faults.append(f"{pair}: existed_before was {earlier['existed_before']!r}: {why}")
        if (
            status == "not_sent"
            and earlier["status"] != "not_sent"
            and before.asked_for[pair] == asked_for[pair]
        ):
            faults.append(f"{pair}: {earlier['status']} has become: {why}")
    return Seen(lines, asked_for), faults


def _shape(story: Story, report: list[dict[str, str]]) -> Iterator[str]:
    if len(report) != len(story.rows):
        yield f"{len(story.rows)} rows and {len(report)} lines"
        return
    for number, (row, line) in enumerate(zip(story.rows, report, strict=True), 1):
        if line["row"] != str(number) or line["note"] != "n":
            yield f"line {number} is {line}"
        elif row.pair is None:
            if line["status"] != "invalid":
                yield f"row {number} is invalid, and the report says {line}"
        elif pair_of(line) != row.pair or (line["status"] == "duplicate") != row.duplicate:
            yield f"row {number} is {row}, and the report says {line}"


def _shape_of_others(story: Story, server: FaultyServer, others: list[dict[str, str]]) -> Iterator[str]:
    """Pairs that were sent, or found, and are no longer in the input follow without a row number."""
    pairs = [pair_of(line) for line in others]
    strangers = set(pairs) - (set(server.pairs) - {row.pair for row in story.rows})
    if strangers or len(set(pairs)) != len(pairs) or any(line["row"] for line in others):
        yield f"lines after those of the input: {others}"


def _codes(
    lines: list[dict[str, str]], others: list[dict[str, str]], result: RunResult, command: str
) -> Iterator[str]:
    if result.stopped is not None:
        wanted = 3
    elif result.interrupted:
        wanted = 130
    elif command == "undo":
        everything = (*lines, *others)
        left = (line for line in everything if line["status"] == "associated")
        wanted = int(any(line["existed_before"] != "yes" for line in left))
        # A pair without a certain result may have a label, or its records could not be read.
        unsure = (line for line in everything if line["status"] in ("gave_up", "not_sent"))
        if any(line["existed_before"] == "no" for line in unsure):
            wanted = max(wanted, result.exit_code)
    else:
        marks = {line["verified"] for line in lines}
        wanted = int(bool(marks & {"missing", "unknown"} or _BAD & {line["status"] for line in lines}))
    if result.exit_code != wanted:
        yield f"exit code {result.exit_code} instead of {wanted}"
    unfinished = any(line["status"] == "not_sent" for line in lines)
    if result.finished != (not unfinished and result.stopped is None and not result.interrupted):
        yield f"finished is {result.finished}, and not_sent {unfinished}"


def _undoable(line: dict[str, str]) -> bool:
    return line["status"] == "associated" and line["existed_before"] == "no"


def _counts(
    story: Story, lines: list[dict[str, str]], others: list[dict[str, str]], result: RunResult
) -> Iterator[str]:
    counted = Counter(line["status"] for line in lines)
    for summary in (result.summary, loader.summary(story.file)):
        if Counter({str(status): count for status, count in summary.counts.items()}) != counted:
            yield f"counts {summary.counts}, and the report has {counted}"
        undoable = sum(map(_undoable, lines)), sum(map(_undoable, others))
        if (summary.undoable, summary.undoable_not_in_input) != undoable:
            yield f"undoable {summary.undoable}, and the report has {undoable}"
        gone = Counter({str(status): count for status, count in summary.not_in_input.items()})
        if gone != Counter(line["status"] for line in others):
            yield f"not in the input {gone}, and the report has {others}"


def _pair_faults(story: Story, server: FaultyServer, pair: Pair, line: dict[str, str]) -> Iterator[str]:
    status, ledger = line["status"], server.ledger
    stored = server.exists(pair, default=True)
    if status in ("associated", "existing") and not stored and pair not in ledger.archived:
        yield "it is not stored"
    if status == "associated" and not ledger.sent[pair]:
        yield "it was never sent"
    if status == "existing" and ledger.sent[pair]:
        yield "it was sent"
    if status == "failed" and not ledger.refused[pair] and ledger.nothing[pair] < _MADE_NOTHING:
        yield "no answer said so"
    if status == "removed" and server.exists(pair):
        yield "it is still stored"
    if line["verified"] == "present" and not stored and pair not in ledger.archived:
        yield "it is not present"
    if line["verified"] == "missing" and stored and pair not in ledger.made:
        yield "it is not missing"
    yield from _past_faults(story, server, pair, line)


def _past_faults(story: Story, server: FaultyServer, pair: Pair, line: dict[str, str]) -> Iterator[str]:
    existed, ledger = line["existed_before"], server.ledger
    firsts = ledger.first[pair]
    if existed == "no" and firsts and all(_existed_before(ledger, pair, first) for first in firsts):
        yield "it existed before"
    existed_then = any(first.existed for first in firsts)
    if existed == "yes" and not existed_then and (ledger.sent[pair] or not server.exists(pair)):
        yield "it did not exist before"
    if existed and not story.options["skip_existing"]:
        yield "it was not looked up"
    clear = pair not in ledger.unclear and len(ledger.looked_up[pair]) < _SLOW_LOOK_UPS
    if story.options["skip_existing"] and line["status"] == "associated" and not existed and clear:
        yield "the look-up was answered"


def _existed_before(ledger: Ledger, pair: Pair, first: FirstSent) -> bool:
    """Whether a pair existed when it was first sent, and no look-up that was recent then missed it."""
    made = ledger.made.get(pair)
    if not first.existed or made is None:
        return first.existed
    oldest = first.at - _OLDEST_LOOK_UP - _WAY
    return not any(oldest <= at < made for at in ledger.looked_up[pair])
