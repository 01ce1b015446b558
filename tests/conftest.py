"""What holds for all tests."""

import os

# The tests start the program some thousand times; without bytecode each start compiles all of it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
