"""The results of a load: counts by status and cause, what to do next, and the page."""

from loader.summary.catalogue import Cause
from loader.summary.causes import cause_of
from loader.summary.invocation import Invocation
from loader.summary.model import LoadSummary, NextStep, Run
from loader.summary.outcomes import CauseGroup, Example, OutcomeCount, TypePairCount, group_by_cause

__all__ = [
    "Cause",
    "CauseGroup",
    "Example",
    "Invocation",
    "LoadSummary",
    "NextStep",
    "OutcomeCount",
    "Run",
    "TypePairCount",
    "cause_of",
    "group_by_cause",
]
