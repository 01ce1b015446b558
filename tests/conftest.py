"""What holds for all tests."""

import os

from hypothesis import HealthCheck, settings

# The tests start the program some hundred times; without bytecode each start compiles all of it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes, or how long it takes to draw, says more about a busy machine than about the code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
