"""The runs: what the commands do, from the input to the report.

load         `load`: from the input to the report in input order
check        `check`: judge an input, say what `load` would do
inquiry      what `check --online` finds out, question by question
asking       the questions to HubSpot
findings     what is wrong with a pair of types
sketch       the ID columns in little memory: samples, busiest records
ending       when a load will end, nights without quota included
check_words  what `check` says
verify       `verify`: read back what a load left
undo         `undo`: take back what a load created
follow_up    what these two share
prepare      before the first request: reading, locking, comparing
feed         from the reader's thread into the queue
items      rows on their way, and the queue of them
senders      how items are made and sent: the way that the settings ask for
batch        many pairs in one request
blame        what the answer to a batch says about each of its pairs
alike        answers that say the same of all pairs
existing     look first, send what is missing
standing     what stands between records: the batch read
archive      removing pairs: the batch archive
packing      items by the number of their records
sending      the sentence: pairs through the pool into the report
pool         the workers, and what each verdict calls for
roles        whom the pool deals with
policy       how often a row is tried
outage       an outage, or a row that nobody answers?
connection   with whose credentials, and to whose account
daily        sleeping through an exhausted daily limit
forecast     what a load will cost
stats        what it has come to so far
summary      how it ended
cancel_token        ending it from outside
log          `--log-file`
"""

from loader.commands.follow_up import Listener
from loader.commands.load import LoadObserver, run_load
from loader.commands.plan import LoadPlan
from loader.commands.result import LoadResult
from loader.commands.session import read_whose_account
from loader.commands.undo import UndoPlan, UndoResult, prepare_undo, run_undo
from loader.commands.verify import VerifyResult, run_verify
from loader.engine.cancellation import CancelToken
from loader.engine.stats import RunStats

__all__ = [
    "CancelToken",
    "Listener",
    "LoadObserver",
    "LoadPlan",
    "LoadResult",
    "RunStats",
    "UndoPlan",
    "UndoResult",
    "VerifyResult",
    "prepare_undo",
    "read_whose_account",
    "run_load",
    "run_undo",
    "run_verify",
]
