"""The command line: click and nothing else, over a library that does not know it."""

from loader.cli.app import main

__all__ = ["main"]
