"""Every error that a user may see, as a tree whose leaves say what the caller should do.

LoaderError
├── UsageError            nothing was sent: exit code 2
│   ├── InputError        the input can't be read: file, line, column, value
│   ├── CheckpointError   the checkpoint is in use, of another load or account, or none at all
│   └── CredentialsError  no token, an unreadable one, or one for another account
├── Stopped               the run ended before its end and can go on: exit code 3
└── Interrupted           a person ended the program before anything was sent: exit code 130
"""

from __future__ import annotations

from collections.abc import Mapping


class LoaderError(Exception):
    """Base of the tree. `str(error)` says what is wrong and where; `hint` says what to do (may be empty).

    `options` are changes of the command that would help, by their Python names, so that whoever knows the
    whole command can make `command` of them: ``{"from_column": "Contact ID"}``.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "", *, options: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.options: Mapping[str, object] = options or {}
        self.command = ""


class UsageError(LoaderError):
    """Nothing was sent: wrong usage, or something that must be put right first."""


class InputError(UsageError):
    """The input can't be read as it is.

    `line` is the physical line of the file, counted from 1 (None if it is about no single line).
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
    """The checkpoint can't be used: it is in use, of a later version, of another load or account, or none."""


class CredentialsError(UsageError):
    """No token, an unreadable one, one that may not be sent there, or one for another account."""


class Stopped(LoaderError):
    """The run stopped before the end; the same command goes on from there.

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
