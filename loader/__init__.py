"""Bulk loader of HubSpot associations: a CSV of record-ID pairs in, every pair accounted for in a report.

    import loader

    result = loader.load("pairs.csv", from_type="contacts", to_type="companies", skip_existing=True)
    if result.exit_code:
        print(result.counts, result.stopped)

load, load_async        associate every pair that is not settled yet; the same call resumes a run
check, check_async      what `load` would do
summary                 the summary of a load
report                  write its report again
verify, verify_async    read its associations back from HubSpot
undo, undo_async        remove what it created

`CancelToken.cancel()`, from any thread, ends a run in good order; an `Observer` follows its progress. What
must be fixed before anything is sent is raised as a `UsageError`; what stops a run later is in its result's
`stopped`. Importing this package is cheap: pandas and aiohttp are imported when a function is first used.
"""

from typing import TYPE_CHECKING

from loader.errors import (
    CheckpointError,
    CredentialsError,
    InputError,
    Interrupted,
    LoaderError,
    Stopped,
    UsageError,
)
from loader.model import Outcome, Pair, Status
from loader.version import __version__

if TYPE_CHECKING:
    from loader.api import (
        check,
        check_async,
        load,
        load_async,
        report,
        summary,
        undo,
        undo_async,
        verify,
        verify_async,
    )
    from loader.commands.check import CheckResult
    from loader.commands.observer import Observer
    from loader.commands.result import RunResult
    from loader.engine.cancellation import CancelToken
    from loader.hubspot import Secret
    from loader.summary.model import LoadSummary

__all__ = [
    "CancelToken",
    "CheckResult",
    "CheckpointError",
    "CredentialsError",
    "InputError",
    "Interrupted",
    "LoadSummary",
    "LoaderError",
    "Observer",
    "Outcome",
    "Pair",
    "RunResult",
    "Secret",
    "Status",
    "Stopped",
    "UsageError",
    "__version__",
    "check",
    "check_async",
    "load",
    "load_async",
    "report",
    "summary",
    "undo",
    "undo_async",
    "verify",
    "verify_async",
]

_LATER = frozenset(__all__) - globals().keys()


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from loader import api

    # All at once: the import has bound `summary` and `report` to the packages, not to the functions.
    globals().update({one: getattr(api, one) for one in _LATER})
    value: object = globals()[name]
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATER])
