"""What must hold after kills: the report against the file, the server against the report, the requests."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import NamedTuple

from loader.simulator import SeenRequest, SimulatorState
from tests.campaigns.kills_file import Story
from tests.support.command import report_of, rows_of

#: An outcome is on the disk within this many seconds (contract, section 3: fsync within a second).
WITHIN = 1.0
#: What a busy machine may add between an answer's leaving the server and the loader's hearing of it.
_SLACK = 0.5
_SETTLING = frozenset({200, 404})


class End(NamedTuple):
    """The end of one run: the monotonic clock in seconds (the simulator's own), and the exit code.

    `began` is when it was started. The server may see a request of a run shortly after the run's end: that is
    not one of the next run's, which begins later.
    """

    began: float
    at: float
    code: int


class Found(NamedTuple):
    """What does not hold, in words, and how many pairs were sent again although they had been settled."""

    faults: list[str]
    sent_twice: int


def check(story: Story, state: SimulatorState, ends: list[End], latency: float) -> Found:
    """Hold everything against each other; `latency` is the longest that an answer took, in seconds."""
    faults = _report_faults(story) + _server_faults(story, state)
    twice, more = _sent_twice(state, ends, latency)
    return Found(faults + more, twice)


def _report_faults(story: Story) -> list[str]:
    if not report_of(story.file).exists():
        return ["there is no report"]
    faults = []
    report = rows_of(report_of(story.file))
    if [line["row"] for line in report] != [str(n) for n in range(1, len(story.rows) + 1)]:
        faults.append(
            f"{len(story.rows)} rows in the file, and the report has {len(report)}, or in another order"
        )
    with story.file.open(encoding="utf-8", newline="") as file:
        notes = [cells["note"] for cells in csv.DictReader(file)]
    for line, row, note in zip(report, story.rows, notes, strict=False):
        said = (line["from_object_id"], line["to_object_id"], line["status"], line["note"])
        if said != (row.from_id, row.to_id, row.status, note):
            faults.append(f"row {line['row']} should be {row} ({note}), and the report says {line}")
    return faults


def _server_faults(story: Story, state: SimulatorState) -> list[str]:
    def stands(from_id: str, to_id: str) -> bool:
        return bool(state.types_between("contacts", from_id, "companies", to_id))

    faults = [
        f"the report says {row.status}, and on the server {row} {'lacks' if row.stands else 'stands'}"
        for row in story.rows
        if row.stands is not None and stands(row.from_id, row.to_id) != row.stands
    ]
    expected = {_path(row.from_id, row.to_id) for row in story.rows if row.status != "invalid"}
    asked = {request.path for request in state.requests if request.method == "PUT"}
    faults += [f"a request for a pair that the file lacks: {path}" for path in asked - expected]
    faults += [f"a pair was never sent: {path}" for path in expected - asked]
    return faults


def _sent_twice(state: SimulatorState, ends: list[End], latency: float) -> tuple[int, list[str]]:
    """How many pairs were sent again although an earlier run had their final answer; those too many."""
    by_path: dict[str, list[SeenRequest]] = defaultdict(list)
    for request in state.requests:
        if request.method == "PUT":
            by_path[request.path].append(request)
    twice, faults = 0, []
    for path, requests in by_path.items():
        for end in ends:
            sent = [request for request in requests if end.began < request.at <= end.at]
            if requests[-1].at <= end.at or not sent or not _settled(path, sent):
                continue
            twice += 1
            if sent[-1].at + latency < end.at - WITHIN - _SLACK:
                faults.append(
                    f"{path} was answered {end.at - sent[-1].at:.2f} s before a kill and sent again"
                )
    return twice, faults


def _settled(path: str, sent: list[SeenRequest]) -> bool:
    """Whether one run's requests for a pair settled it: 200 with empty results does so the third time."""
    return sent[-1].status in _SETTLING and ("/9000200100" not in path or len(sent) >= 3)


def _path(from_id: str, to_id: str) -> str:
    return f"/crm/objects/2025-09/contacts/{from_id}/associations/default/companies/{to_id}"
