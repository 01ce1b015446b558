"""The commands on a load, each in a file of its own, over one Session.

load        open pairs stream from the input through a pool of workers into the checkpoint
check       what `load` would do, and what HubSpot says about it
verify      read the associations back
undo        remove what the load created
summary     results of the load, their causes, the next command
report      the report, written again
page        the HTML page of `summary`
plan        a load before its first request
run         one run of a command, from its entry in the checkpoint to the report
session     credentials, account, pace, log
"""
