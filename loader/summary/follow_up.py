"""The results of `verify` and `undo`, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from loader.model import Status
from loader.summary import catalogue
from loader.summary.model import LoadSummary, NextStep, Run
from loader.summary.outcomes import CauseGroup
from loader.summary.terminal import Line, cause_lines, place, report_lines, step_lines, wrap
from loader.text import pluralize


class Kept(NamedTuple):
    """Associated pairs that `undo` leaves as they are, by reason."""

    labelled: int = 0  # a label has been added since, which removing the default would remove too
    existed_before: int = 0
    not_looked_up: int = 0  # loaded without --skip-existing


def verify_lines(summary: LoadSummary, run: Run, width: int) -> list[Line]:
    """The end of a `verify`: what was found, what was not, the next command."""
    present = summary.verified.get("present", 0)
    missing, unknown = summary.verified.get("missing", 0), summary.verified.get("unknown", 0)
    wanted = summary.counts[Status.ASSOCIATED] + summary.counts[Status.EXISTING]
    unasked = max(0, wanted - present - missing - unknown)
    found = f"{present:,} of {pluralize(wanted, 'associated pair')} found in HubSpot"
    for count, words in ((missing, "missing"), (unknown, "unknown"), (unasked, "not asked")):
        found += f", {count:,} {words}" if count else ""
    tone = "bad" if run.stopped else "good" if present == wanted else "warn"
    lines = wrap(f"{_ended(run, 'Verified')}: {found}{place(summary, run)}", width, style=tone)
    if others := [f"{count:,} {word}" for word, count in summary.verified_not_in_input.items() if count]:
        lines += wrap(f"Of the pairs that are no longer in the input: {', '.join(others)}.", width)
    lines += report_lines(summary, run)
    lines += cause_lines((g for g in summary.attention if g.cause in catalogue.NOT_VERIFIED), width)
    if run.stopped:
        lines += step_lines(NextStep("To go on from here:", summary.invocation.verify()), width)
    elif missing or unknown:
        fix = (catalogue.VERIFIED_MISSING if missing else catalogue.VERIFIED_UNKNOWN).fix
        lines += step_lines(summary.step_for(fix), width)
    return lines


def undo_lines(
    summary: LoadSummary, run: Run, kept: Kept, refused: Iterable[CauseGroup], width: int
) -> list[Line]:
    """The end of an `undo`: what was removed, what was kept and why, what HubSpot refused."""
    removed, refused = run.counts.get(Status.REMOVED, 0), tuple(refused)
    left = sum(group.pairs for group in refused)
    result = f"{pluralize(removed, 'association')} removed" + (f", {left:,} still there" if left else "")
    tone = "bad" if run.stopped else "warn" if left or kept.labelled or kept.not_looked_up else "good"
    lines = wrap(f"{_ended(run, 'Undone')}: {result}{place(summary, run)}", width, style=tone)
    for reason in kept_words(kept):
        lines += wrap(reason, width)
    lines += report_lines(summary, run)
    lines += cause_lines(refused, width)
    if run.stopped or left:
        lines += step_lines(NextStep("To go on from here:", summary.invocation.undo()), width)
    return lines


def kept_words(kept: Kept) -> list[str]:
    """Why pairs are kept, a sentence for each reason."""
    words = []
    if kept.not_looked_up:
        words.append(
            f"Can't undo {pluralize(kept.not_looked_up, 'pair')}: not looked up before they were sent "
            "(--skip-existing does, unless HubSpot refuses it)."
        )
    if kept.existed_before:
        words.append(f"Kept {pluralize(kept.existed_before, 'pair')}: associated before the load.")
    if kept.labelled:
        words.append(
            f"Kept {pluralize(kept.labelled, 'pair')}: labelled since the load, and removing the default "
            "association would remove every label."
        )
    return words


def _ended(run: Run, finished: str) -> str:
    if not run.stopped:
        return finished
    return "Interrupted" if run.stopped == "interrupted" else "Stopped"
