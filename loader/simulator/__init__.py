"""A HubSpot simulator on loopback, to practise on and to test against.

    async with Simulator(SimulatorSettings(rate_limit=100)) as simulator:
        ...  # the API is at simulator.url; simulator.state seeds, breaks and inspects it

Modules, each knowing only those before it: `settings`; `object_types`, `magic`, `limits`; `state`;
`answers`, `inputs`; `faults`, `wire`; `associations`, `account`; `routes`; `server`.
"""

from loader.simulator.magic import magic_table
from loader.simulator.object_types import AssociationType
from loader.simulator.server import Simulator, serve
from loader.simulator.settings import SimulatorSettings
from loader.simulator.state import Ends, SeenRequest, SimulatorState

__all__ = [
    "AssociationType",
    "Ends",
    "SeenRequest",
    "Simulator",
    "SimulatorSettings",
    "SimulatorState",
    "magic_table",
    "serve",
]
