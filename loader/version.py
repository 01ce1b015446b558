"""The version of the program, for `--version` and the User-Agent."""

__version__ = "0.1.0"
