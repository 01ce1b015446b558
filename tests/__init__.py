"""What must hold before anything else is imported."""

import os
import sys

# Without bytecode files each start of pytest, and of the program by a test, would compile everything again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"  # trio, which selenium brings, has one that takes 0.2 s to import
