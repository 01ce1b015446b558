"""`python -m loader` is `assoc-loader`."""

from loader.cli import main

main()
