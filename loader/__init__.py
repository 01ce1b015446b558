"""Bulk HubSpot association loader: `load` a CSV of record-ID pairs, and every row gets a line in a report.

    import loader

    summary = loader.load("pairs.csv", from_type="contacts", to_type="companies")
    if summary.exit_code:
        print(summary.counts, summary.stopped)

`load` waits until the run has ended; `load_async` is for programs with an event loop. `CancelToken.cancel()`,
from any thread, ends a run in good order. What can be put right is raised as a `UsageError`; what stopped a
run later is in its `LoadResult`.

Importing this package is cheap: pandas and aiohttp are imported when one of its functions is first used.
"""

from typing import TYPE_CHECKING

from loader.errors import (
    CredentialsError,
    InputError,
    Interrupted,
    LoaderError,
    ReportError,
    Stopped,
    UsageError,
)
from loader.model import Outcome, Pair, Status
from loader.version import __version__

if TYPE_CHECKING:
    from loader.api import CancelToken, LoadOptions, LoadResult, load, load_async


__all__ = [
    "CancelToken",
    "CredentialsError",
    "InputError",
    "Interrupted",
    "LoadOptions",
    "LoadResult",
    "LoaderError",
    "Outcome",
    "Pair",
    "ReportError",
    "Status",
    "Stopped",
    "UsageError",
    "__version__",
    "load",
    "load_async",
]

_HEAVY = frozenset({"CancelToken", "LoadOptions", "LoadResult", "load", "load_async"})


def __getattr__(name: str) -> object:
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from loader import api

    value: object = getattr(api, name)
    globals()[name] = value  # asked for once
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HEAVY])
