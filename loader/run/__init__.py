"""The runs: what the commands do, from the input to the report.

load         `load`: from the input to the report in input order
prepare      before the first request: reading, locking, comparing
feed         from the reader's thread into the queue
parcels      rows on their way, and the queue of them
senders      how parcels are sent
pool         the workers, and what each verdict calls for
roles        whom the pool deals with
policy       how often a row is tried
outage       an outage, or a row that nobody answers?
daily        sleeping through an exhausted daily limit
forecast     what a load will cost
tally        what it has come to so far
summary      how it ended
brake        ending it from outside
log          `--log-file`
"""

from loader.run.brake import Brake
from loader.run.load import Audience, run_load
from loader.run.prepare import Job
from loader.run.summary import LoadSummary
from loader.run.tally import Tally

__all__ = ["Audience", "Brake", "Job", "LoadSummary", "Tally", "run_load"]
