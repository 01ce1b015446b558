"""Every error that a user may see, as a tree whose leaves say what the caller should do.

LoaderError
├── UsageError            nothing was sent: exit code 2
│   ├── InputError        the input can't be read: file, line, column, value
│   ├── ReportError       the report is in use, of another input, or damaged
│   └── CredentialsError  no token, an unreadable one, or one for another account
└── Stopped               the run ended before its end and can go on: exit code 3
    └── ReportLost        the report can't be written any more, or not be put into order
"""

from __future__ import annotations


class LoaderError(Exception):
    """Base of the tree. `str(error)` says what is wrong and where; `hint` says what to do (may be empty)."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(LoaderError):
    """Nothing was sent: wrong usage, or something that must be put right first."""


class InputError(UsageError):
    """The input can't be read as it is.

    `line` is the physical line of the file, counted from 1 (None if the fault is not in a line).
    """

    def __init__(self, message: str, hint: str = "", *, line: int | None = None) -> None:
        super().__init__(message, hint)
        self.line = line


class ReportError(UsageError):
    """The report can't be used: another run holds it, it is not this input's, or it is damaged."""


class CredentialsError(UsageError):
    """No token, an unreadable one, one that may not be sent there, or one for another account."""


class Stopped(LoaderError):
    """The run stopped before the end; the same command goes on from there.

    `reason` is a short machine-readable word: ``token_refused``, ``missing_scopes``, ``no_read_access``,
    ``wrong_data_centre``, ``redirect``, ``account``, ``daily_limit``, ``moving``, ``throttled``, ``outage``,
    ``tls``, ``too_many_failures``, ``input_changed``, ``report_changed``, ``report_unwritable``.
    """

    exit_code = 3

    def __init__(self, reason: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.reason = reason


class ReportLost(Stopped):
    """The report can't be written any more: what the run settled last may not stand in it."""


class Interrupted(LoaderError):
    """A person ended the program before anything was sent."""

    exit_code = 130
