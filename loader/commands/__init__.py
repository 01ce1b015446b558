"""The commands on a load, each in a file of its own, over one Session.

load        open pairs stream from the input through a pool of workers into the checkpoint
check       what `load` would do, and what HubSpot says about it
verify      read the associations back
undo        remove what the load created
summary     what the load came to
report      input and checkpoint joined, written again
page        the HTML page of `summary`
plan        a load before its first request
run         one run of a command, from its entry in the checkpoint to the report
session     credentials, account, pace, log
"""

from loader.commands.check import CheckResult, run_check
from loader.commands.load import run_load
from loader.commands.observer import LogObserver, Observer
from loader.commands.report import run_report
from loader.commands.result import RunResult
from loader.commands.summary import run_summary
from loader.commands.undo import UndoPlan, run_undo
from loader.commands.verify import run_verify
from loader.engine.cancellation import CancelToken

__all__ = [
    "CancelToken",
    "CheckResult",
    "LogObserver",
    "Observer",
    "RunResult",
    "UndoPlan",
    "run_check",
    "run_load",
    "run_report",
    "run_summary",
    "run_undo",
    "run_verify",
]
