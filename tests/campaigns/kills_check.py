"""What must hold after each kill and at the end: checkpoint, server and report against the file."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import loader
from loader.simulator import SeenRequest, Simulator
from tests.campaigns.kills_file import Pair, Story
from tests.support.command import report_of, rows_of

#: A result is on the disk within this many seconds of its answer (contract, section 3).
_WITHIN = 1.0
#: What a busy machine may add between an answer's leaving the server and the loader's receiving it.
_SLACK = 1.0
#: Answers to a PUT that settle it at once.
_SETTLING = frozenset({200, 404})
#: Of the result view, what the report shows under the same names.
_COLUMNS = (
    *("status", "http_status", "attempts", "association_types", "existed_before"),
    *("error_category", "error_message", "error_details", "correlation_id", "completed_at", "verified"),
)


class Stored(NamedTuple):
    """A pair of the checkpoint as any SQL tool shows it; what is NULL there is empty."""

    status: str
    existed_before: str
    verified: str
    cells: Mapping[str, str]


class Server(NamedTuple):
    """What the account had at one moment.

    pairs: contacts and companies that are associated
    puts: the requests for single pairs so far
    """

    pairs: frozenset[Pair]
    puts: tuple[SeenRequest, ...]


def look(simulator: Simulator) -> Server:
    """To be called in the simulator's thread."""
    ends = simulator.state.associations
    return Server(
        frozenset((one.from_id, one.to_id) for one in ends if one.from_type == "0-1"),
        tuple(seen for seen in simulator.state.requests if seen.method == "PUT"),
    )


def read_checkpoint(path: Path) -> dict[Pair, Stored]:
    """Every pair of the checkpoint, if that is made yet. Raises ValueError for a pair that is twice."""
    stored: dict[Pair, Stored] = {}
    if not path.exists():
        return stored
    with closing(sqlite3.connect(path)) as db:
        if not db.execute("SELECT * FROM sqlite_master").fetchone():  # killed while it was being made
            return stored
        db.row_factory = sqlite3.Row
        for row in db.execute("SELECT * FROM result"):
            cells = {name: "" if row[name] is None else str(row[name]) for name in _COLUMNS}
            pair = str(row["from_id"]), str(row["to_id"])
            if pair in stored:
                raise ValueError(f"{pair} is twice in the checkpoint")
            stored[pair] = Stored(cells["status"], cells["existed_before"], cells["verified"], cells)
    return stored


def untrue(
    story: Story, stored: Mapping[Pair, Stored], server: Server, *, looks_first: bool, undoing: bool
) -> Iterator[str]:
    """What the checkpoint says and is not so, at any moment.

    An `undo` may be killed when it has removed pairs and not noted it yet.
    """
    wanted = story.wanted
    for pair, said in stored.items():
        if pair not in wanted:
            yield f"{pair} is not in the file"
            continue
        seeded, gone = pair in story.seeded, pair in story.gone
        if not gone and said.existed_before != _existed_before(said, seeded, looks_first):
            yield f"{pair} existed before: {seeded}, and the checkpoint says {said}"
        match said.status:
            case "associated":
                if pair not in server.pairs and not gone and not undoing:
                    yield f"{pair} is not associated, and the checkpoint says {said}"
                if wanted[pair] != "associated":
                    yield f"{pair} should be {wanted[pair]}, and the checkpoint says {said}"
            case "existing":
                if not seeded and not gone:
                    yield f"{pair} was made by this load, and the checkpoint says {said}"
            case "removed":
                if pair in server.pairs:
                    yield f"{pair} is still there, and the checkpoint says {said}"
            case "failed" | "gave_up":
                if said.status != wanted[pair]:
                    yield f"{pair} should be {wanted[pair]}, and the checkpoint says {said}"
        if said.verified and not undoing and (said.verified == "present") != (pair in server.pairs):
            yield f"{pair} on the server: {pair in server.pairs}, and the checkpoint says {said}"


def _existed_before(said: Stored, seeded: bool, looks_first: bool) -> str:
    if not looks_first:
        return ""
    return "yes" if seeded else "no"


def forgotten(before: Mapping[Pair, Stored], now: Mapping[Pair, Stored]) -> Iterator[str]:
    """Results that an earlier run had settled and that are no longer the same."""
    for pair, said in before.items():
        if said.status != "not_sent" and now.get(pair) != said:
            yield f"{pair} was {said}, and is now {now.get(pair)}"


def too_late(stored: Mapping[Pair, Stored], server: Server, began: float, killed: float) -> Iterator[str]:
    """Pairs whose answer came long before the kill, and that are not settled; `killed` is loop time."""
    last = {seen.path: seen for seen in server.puts if began < seen.at}
    for path, seen in last.items():
        words = path.split("/")
        pair = words[5], words[9]
        if seen.status not in _SETTLING or pair[0].startswith("9000200100"):
            continue
        waited = killed - seen.at
        if waited > _WITHIN + _SLACK and (pair not in stored or stored[pair].status == "not_sent"):
            yield f"{pair} was answered {waited:.2f} s before a kill and is not in the checkpoint"


def unfinished(story: Story, stored: Mapping[Pair, Stored], *, looks_first: bool) -> Iterator[str]:
    """Pairs that are not what they should be when a load has ended by itself."""
    for pair, status in story.wanted.items():
        expected = "existing" if looks_first and pair in story.seeded else status
        found = stored[pair].status if pair in stored else "none"
        if found != expected:
            yield f"{pair} should be {expected}, and is {found}"


def wrong_report(story: Story, stored: Mapping[Pair, Stored]) -> Iterator[str]:
    """Where the report is not the input joined with the checkpoint, or the summary does not count it so."""
    if not report_of(story.file).exists():
        yield "there is no report"
        return
    report = rows_of(report_of(story.file))
    if [line["row"] for line in report] != [str(n) for n in range(1, len(story.rows) + 1)]:
        yield f"{len(story.rows)} rows in the file, and the report has {len(report)}, or in another order"
    first: dict[Pair, int] = {}
    for number, (line, row) in enumerate(zip(report, story.rows, strict=False), 1):
        if (line["from_object_id"], line["to_object_id"], line["note"]) != (*row.pair, row.note):
            yield f"row {number} is {row}, and the report says {line}"
        if row.status == "invalid" or first.setdefault(row.pair, number) != number:
            expected = {"status": "invalid" if row.status == "invalid" else "duplicate"}
        else:
            expected = dict(stored[row.pair].cells) if row.pair in stored else {"status": "not_sent"}
            if expected.get("http_status") == "0":
                expected["http_status"] = ""
        if said := {name: line[name] for name, value in expected.items() if line[name] != value}:
            yield f"row {number} should have {expected}, and the report has {said}"
    counts = Counter(line["status"] for line in report)
    found = {str(status): pairs for status, pairs in loader.summary(story.file).counts.items() if pairs}
    if found != dict(counts):
        yield f"the report has {counts}, and the summary counts {found}"
