"""What a terminal shows of a load: the answer first, the command last, and no cell that commands it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.model import Status
from loader.summary import Example, Invocation, LoadSummary, OutcomeCount, Run, TypePairCount
from loader.summary.follow_up import Kept, undo_lines, verify_lines
from loader.summary.terminal import Line, headline, load_lines, local_time, summary_lines
from tests.support.summaries import INVOCATION, NOON, example, invalid, refused, summary_of, unavailable

GOOD = OutcomeCount(Status.ASSOCIATED, 1795)
NOT_SENT = OutcomeCount(Status.NOT_SENT, 40)
RUN = Run(
    command="load",
    started_at=NOON,
    ended_at=NOON + 630,
    exit_code=1,
    requests=2010,
    counts={Status.ASSOCIATED: 1795},
    report_written=True,
)
CAUSES = [
    refused(120),
    invalid(34),
    unavailable(21),
    OutcomeCount(Status.GAVE_UP, 7, example(30), 0, "TIMEOUT"),
    OutcomeCount(Status.INVALID, 5, example(31), 0, "BAD_ID"),
    OutcomeCount(Status.FAILED, 3, example(32), 400, "", "no default association"),
]


def text(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines)


def load(summary: LoadSummary, run: Run, width: int = 80) -> str:
    return text(load_lines(summary, run, width))


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ([], "There are no pairs to associate"),
        ([OutcomeCount(Status.EMPTY, 3)], "There are no pairs to associate"),
        ([OutcomeCount(Status.EXISTING, 1)], "The pair is associated"),
        ([GOOD, OutcomeCount(Status.DUPLICATE, 3)], "All 1,795 pairs are associated"),
        ([GOOD, refused(1)], "1,795 of 1,796 pairs are associated; 1 needs attention; 0 not sent"),
        ([GOOD, NOT_SENT], "1,795 of 1,835 pairs are associated; 40 not sent"),
        (
            [GOOD, OutcomeCount(Status.REMOVED, 5), refused(9)],
            "1,795 of 1,809 pairs are associated; 9 need attention; 5 removed by undo; 0 not sent",
        ),
    ],
)
def test_the_headline(outcomes: list[OutcomeCount], said: str) -> None:
    assert headline(summary_of(outcomes)) == said


def test_a_verify_tells_of_pairs_that_are_no_longer_in_the_input() -> None:
    summary = summary_of(
        [GOOD], verified={"present": 1795}, verified_not_in_input={"present": 2, "missing": 1}
    )
    told = text(verify_lines(summary, RUN, 80))
    assert "Of the pairs that are no longer in the input: 2 present, 1 missing." in told


def test_a_look_up_that_was_refused_is_told() -> None:
    looked = replace(INVOCATION, options={**INVOCATION.options, "skip_existing": True})
    told = "Sent without a look-up: 8 pairs."
    assert told in load(summary_of([GOOD], invocation=looked, not_looked_up=8), RUN)
    assert told not in load(summary_of([GOOD], not_looked_up=8), RUN)


def test_an_undo_that_was_interrupted_goes_on() -> None:
    run = replace(RUN, command="undo", stopped="interrupted", exit_code=130)
    summary = summary_of([GOOD, OutcomeCount(Status.REMOVED, 5)], last_run=run)
    assert summary.next_step is not None
    assert summary.next_step.command.startswith("assoc-loader undo")


def test_an_input_without_pairs_calls_for_no_pilot() -> None:
    assert summary_of([], simulated=True).next_step is None
    assert summary_of([GOOD], simulated=True).next_step is not None


def test_the_end_of_a_load_is_result_causes_and_command_on_one_small_screen() -> None:
    summary = summary_of([GOOD, *CAUSES[:5]])
    lines = load_lines(summary, RUN, 80)
    assert lines[0] == Line(
        "Finished: 1,795 of 1,982 pairs associated, 187 need attention · account 62515 ·", "warn"
    )
    assert next(line.text for line in lines if line.style == "strong") == (
        "120 failed: A record was deleted or merged, or never existed"
    )
    assert '  e.g. row 3, contacts 1003 → companies 2003: "One or more associations are inv…' in text(lines)
    assert "  e.g. row 9, line 11: from_object_id: Excel shortened this ID (5.1E+10)" in text(lines)
    assert "  Put current IDs into the file." in text(lines)
    assert lines[-1] == Line(f"  {INVOCATION.load(retry=True)}", "command")
    assert len(lines) <= 24


def test_the_five_largest_causes_are_shown_and_the_others_named() -> None:
    shown = load(summary_of([GOOD, *CAUSES]), RUN)
    assert "5 invalid: The cell is not" in shown
    assert "no default association" not in shown
    assert f"1 more cause; to see all in full:\n  {INVOCATION.summary()}\n" in shown


@pytest.mark.parametrize(
    ("outcomes", "run", "said"),
    [
        ([GOOD], {"counts": {Status.ASSOCIATED: 1795}}, "Finished: 1,795 of 1,795 pairs associated"),
        ([GOOD, NOT_SENT], {"counts": {Status.ASSOCIATED: 1795}}, "Reached --limit: 1,795 of 1,835"),
        (
            [GOOD, NOT_SENT],
            {"stopped": "daily_limit"},
            "Stopped: 1,795 of 1,835 pairs associated, 40 not sent",
        ),
        ([GOOD, NOT_SENT], {"stopped": "interrupted"}, "Interrupted: 1,795 of 1,835"),
        ([GOOD], {}, f"Nothing sent: all 1,795 pairs were settled on {local_time(NOON + 630)}"),
    ],
)
def test_the_result_says_how_it_ended(
    outcomes: list[OutcomeCount], run: dict[str, object], said: str
) -> None:
    shown = load(summary_of(outcomes), Run(command="load", started_at=NOON, ended_at=NOON + 3, **run), 120)  # type: ignore[arg-type]
    assert shown.startswith(said)
    assert shown.splitlines()[0].endswith(" · account 62515 · 3 s")


def test_this_run_and_earlier_ones_are_told_apart() -> None:
    summary = summary_of([GOOD, invalid(4)])
    whole = Run(command="load", started_at=NOON, counts={Status.ASSOCIATED: 1795})
    assert "This run" not in load(summary, whole)
    part = Run(command="load", started_at=NOON, counts={Status.ASSOCIATED: 795, Status.GAVE_UP: 0})
    assert "This run: 795 associated. Earlier runs: 1,000 pairs." in load(summary, part)


def test_practice_says_simulator() -> None:
    shown = load(summary_of([GOOD], simulated=True, account_id=None), RUN)
    assert "· SIMULATOR · 10 min" in shown
    assert shown.endswith(f"  {INVOCATION.load(limit=10)}")


def test_the_summary_has_every_cause_and_every_command_once() -> None:
    summary = summary_of(
        [GOOD, *CAUSES, OutcomeCount(Status.DUPLICATE, 1), OutcomeCount(Status.EMPTY, 478)],
        not_in_input={Status.ASSOCIATED: 3},
        verified={"present": 1790, "missing": 0, "unknown": 5},
        last_run=RUN,
        type_pairs=tuple(TypePairCount("contacts", f"p_{n}", 11) for n in range(5)),
    )
    shown = text(summary_lines(summary, 120))
    for said in (
        "account 62515 · contacts → p_0: 11 pairs · contacts → p_1: 11 pairs",
        "· 2 more type pairs ·",
        "Besides: 1 duplicate, 478 rows without an ID to associate, 3 pairs sent earlier",
        "Verified: 1,790 present, 5 unknown.",
        "10 min, 2,010 requests, exit code 1.",
        "(correlation ID id-3)",
        "3 failed: The two object types have no default association",
    ):
        assert said in shown
    commands = [line.text.strip() for line in summary_lines(summary, 120) if line.style == "command"]
    assert commands == [INVOCATION.load(retry=True), INVOCATION.load()]


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (Run(command="load", started_at=NOON, running=True), "`load` has been running since"),
        (Run(command="verify", started_at=NOON), "The last run, `verify` of"),
        (Run(command="load", started_at=NOON, ended_at=NOON, stopped="daily_limit"), "stopped (daily limit)"),
    ],
)
def test_the_summary_says_how_the_last_run_ended(run: Run, said: str) -> None:
    assert said in text(summary_lines(summary_of([GOOD, NOT_SENT], last_run=run), 100))


EVIL = "\x1b]0;owned\x07\x1b[2Jgone\u202e\r\nnext\x00\x9b31m"


@given(st.text(), st.text(min_size=1).filter(lambda path: "\0" not in path), st.integers(40, 200))
def test_no_cell_breaks_the_lines(cell: str, path: str, width: int) -> None:
    one = Example(1, cell, cell, cell, cell, cell, cell)
    outcome = OutcomeCount(Status.FAILED, 1, one, 400, cell, cell, cell)
    summary = summary_of([outcome], invocation=Invocation(path), type_pairs=(TypePairCount(cell, cell, 1),))
    for line in (*load_lines(summary, RUN, width), *summary_lines(summary, width)):
        assert line.text.isprintable()
        words = line.text.split()
        copied = line.style == "command" or line.text.startswith("Report: ")
        assert len(line.text) <= width or copied or max(map(len, words)) > width - 4


def test_terminal_escapes_in_cells_are_shown_and_not_obeyed() -> None:
    one = Example(1, "contacts", EVIL, "companies", "2", EVIL)
    shown = text(summary_lines(summary_of([OutcomeCount(Status.INVALID, 1, one)]), 100))
    assert "\x1b" not in shown
    assert "\\x1b]0;owned\\x07" in shown


def test_the_end_of_a_verify() -> None:
    present = OutcomeCount(Status.ASSOCIATED, 1790, verified="present")
    missing = OutcomeCount(Status.EXISTING, 4, example(5), verified="missing")
    run = Run(command="verify", started_at=NOON, ended_at=NOON + 3, report_written=True)
    good = verify_lines(summary_of([present, refused(3)], verified={"present": 1790}), run, 100)
    assert good[0] == Line(
        "Verified: 1,790 of 1,790 associated pairs found in HubSpot · account 62515 · 3 s", "good"
    )
    assert good[-1].text.startswith("Report: ")
    bad = verify_lines(summary_of([present, missing], verified={"present": 1790, "missing": 4}), run, 100)
    assert "1,790 of 1,794 associated pairs found in HubSpot, 4 missing" in bad[0].text
    assert bad[-1].text == f"  {INVOCATION.load(retry=True)}"
    part = verify_lines(
        summary_of([present, OutcomeCount(Status.ASSOCIATED, 9)], verified={"present": 1790}),
        Run(command="verify", started_at=NOON, stopped="outage"),
        100,
    )
    assert part[0].text.startswith("Stopped: 1,790 of 1,799 associated pairs found in HubSpot, 9 not asked")
    assert part[-1].text == f"  {INVOCATION.verify()}"


def test_the_end_of_an_undo() -> None:
    summary = summary_of([OutcomeCount(Status.REMOVED, 137)])
    run = Run(command="undo", started_at=NOON, ended_at=NOON + 3, counts={Status.REMOVED: 137})
    lines = undo_lines(summary, run, Kept(3, 20, 137), summary_of([refused(2)]).groups, 120)
    assert lines[0] == Line("Undone: 137 associations removed, 2 still there · account 62515 · 3 s", "warn")
    shown = text(lines)
    assert "Can't undo 137 pairs: not looked up before they were sent" in shown
    assert "Kept 20 pairs: associated before the load." in shown
    assert "Kept 3 pairs: labelled since the load" in shown
    assert "2 failed: A record was deleted" in shown
    assert lines[-1].text == f"  {INVOCATION.undo()}"
    assert undo_lines(summary, run, Kept(existed_before=20), (), 120)[0].style == "good"
    assert undo_lines(summary, run, Kept(not_looked_up=1), (), 120)[0].style == "warn"


def test_a_report_is_named_only_if_it_was_written() -> None:
    summary = summary_of([GOOD])
    assert "Report: " in load(summary, RUN)
    for show in (load_lines, verify_lines):
        assert "Report: " not in text(show(summary, replace(RUN, report_written=False), 80))
