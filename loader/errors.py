"""Every error that a user may see, as a tree whose leaves say what the caller should do.

LoaderError
├── UsageError            nothing was sent: exit code 2
│   ├── InputError        the input can't be read: file, line, column, value
│   ├── CheckpointError   the checkpoint is missing, in use, or of another load or account
│   └── CredentialsError  no token, an unreadable one, or one for another account
├── Stopped               the run ended early and can be resumed: exit code 3
└── Interrupted           a person ended the program before anything was sent: exit code 130
"""

from __future__ import annotations

from collections.abc import Mapping


class LoaderError(Exception):
    """Base of the tree. `str(error)` says what is wrong and where; `hint` says what to do (may be empty).

    `options` are options that would help, by their Python names: ``{"from_column": "Contact ID"}``. The
    command line adds them to the user's whole command, and sets `command` to that.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "", *, options: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.options: Mapping[str, object] = options or {}
        self.command = ""


class UsageError(LoaderError):
    """Nothing was sent: wrong usage, or something that must be fixed first."""


class InputError(UsageError):
    """The input can't be read as it is.

    `line` is the physical line of the file, counted from 1 (None if the error concerns no single line).
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        line: int | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, hint, options=options)
        self.line = line


class CheckpointError(UsageError):
    """The checkpoint can't be used: missing, in use, invalid, of a later version, another load or account."""


class CredentialsError(UsageError):
    """No token, an unreadable one, one that may not be sent there, or one for another account."""


class Stopped(LoaderError):
    """The run stopped early; the same command resumes it.

    `reason` is a short machine-readable word: ``token_refused``, ``missing_scopes``, ``redirect``,
    ``wrong_data_centre``, ``no_read_access`` or ``account`` (nothing works until a person has changed
    something), ``daily_limit``, ``moving``, ``throttled``, ``outage``, ``tls``, ``too_many_failures``,
    ``input_changed``, ``checkpoint_unwritable``.
    """

    exit_code = 3

    def __init__(self, reason: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.reason = reason


class Interrupted(LoaderError):
    """A person ended the program before anything was sent."""

    exit_code = 130
