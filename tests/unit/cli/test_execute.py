"""What a command says when its run has ended."""

from __future__ import annotations

import pytest

from loader.cli.execute import GOES_ON, run_to_the_end
from loader.commands.result import RunResult
from loader.model import Status
from loader.summary import OutcomeCount, Run
from tests.support.summaries import NOON, summary_of


@pytest.mark.parametrize("simulated", [False, True])
def test_an_interrupted_run_goes_on_unless_it_was_practice(
    simulated: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    async def start(*_: object) -> RunResult:
        summary = summary_of([OutcomeCount(Status.NOT_SENT, 3)], simulated=simulated)
        run = Run(command="load", started_at=NOON, stopped="interrupted")
        return RunResult(summary=summary, run=run, report=None, interrupted=True, exit_code=143)

    assert run_to_the_end(start, lambda _ended: [], as_json=False, verbosity=-1) == 143
    assert (GOES_ON in capsys.readouterr().err) is not simulated
