"""A HubSpot simulator on loopback, to practise with and to test against.

    async with Simulator(SimulatorSettings(rate_limit=100)) as simulator:
        ...  # the API is at simulator.url; simulator.state seeds, breaks and inspects it

Each module imports only those before it: `settings`; `association_types`, `magic`, `limits`; `state`;
`api_errors`, `answers`; `faults`, `broken_replies`, `tokens`; `associations`, `definitions`, `account`;
`routes`; `server`.
"""

from loader.simulator.association_types import AssociationSpec, Ends
from loader.simulator.faults import magic_table
from loader.simulator.server import Simulator, serve
from loader.simulator.settings import SimulatorSettings
from loader.simulator.state import SeenRequest, SimulatorState

__all__ = [
    "AssociationSpec",
    "Ends",
    "SeenRequest",
    "Simulator",
    "SimulatorSettings",
    "SimulatorState",
    "magic_table",
    "serve",
]
