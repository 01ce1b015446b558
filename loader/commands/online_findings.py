"""What `check --online` found out about a pair of object types, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from loader.commands.sampling import FrequentId
from loader.hubspot.lookups import AssociationLimit

#: Columns look swapped if this share of the sample exists as the other column's type, and fewer than half as
#: many as their own. Old records of different types can share an ID, so some always match.
_SWAPPED = 0.5


class Problem(NamedTuple):
    """A problem to solve. `blocks`: until then a load achieves nothing."""

    blocks: bool
    message: str
    hint: str = ""


class Sample(NamedTuple):
    """IDs of one column that were looked up: how many exist as their own type, and as the other column's.

    None: HubSpot did not say. `missing` is an example that does not exist as its own type, or ''.
    """

    asked: int
    found: int | None
    found_as_other: int | None
    missing: str = ""


class AssociationCount(NamedTuple):
    """The association limit of one side. `busiest`: the record with most pairs in the file; `over`: how many
    records have more pairs than the limit allows."""

    limit: AssociationLimit | None
    busiest: FrequentId | None
    over: int


@dataclass(frozen=True)
class TypePairFindings:
    """What was found about one pair of types. `default_type` is '' if there is none, None if not known."""

    from_type: str
    to_type: str
    default_type: str | None
    from_ids: Sample
    to_ids: Sample
    from_count: AssociationCount
    to_count: AssociationCount

    @property
    def looks_swapped(self) -> bool:
        """Whether the IDs of the two columns seem to be swapped."""
        ours, theirs = self.from_ids, self.to_ids
        if ours.found is None or theirs.found is None:
            return False
        if ours.found_as_other is None or theirs.found_as_other is None:
            return False
        swapped = ours.found_as_other + theirs.found_as_other
        return 0 < _SWAPPED * (ours.asked + theirs.asked) <= swapped and swapped > 2 * (
            ours.found + theirs.found
        )

    def problems(self) -> Iterator[Problem]:
        """What is wrong, as far as a sample and the file's own counts can tell."""
        if self.default_type == "":
            yield Problem(
                True,
                f"{self.from_type} and {self.to_type} have no default association",
                "Load with other types; a custom pair has none until somebody defines it in HubSpot.",
            )
        if self.looks_swapped:
            yield Problem(
                True,
                f"the columns look swapped: the from-IDs exist as {self.to_type}, and the to-IDs as "
                f"{self.from_type}",
                "Exchange --from-type and --to-type, or --from-column and --to-column.",
            )
        else:
            yield from _of_sample(self.from_ids, self.from_type)
            yield from _of_sample(self.to_ids, self.to_type)
        yield from _of_count(self.from_count, self.from_type, self.to_type)
        yield from _of_count(self.to_count, self.to_type, self.from_type)


def _of_sample(sample: Sample, object_type: str) -> Iterator[Problem]:
    if sample.found is not None and sample.found < sample.asked:
        yield Problem(
            sample.found == 0 and sample.asked > 1,
            f"{sample.asked - sample.found} of {sample.asked} sampled IDs do not exist as {object_type}, for "
            f"example {sample.missing}",
            "They were deleted or merged, or belong to another account or type: export the IDs again.",
        )


def _of_count(count: AssociationCount, own_type: str, other_type: str) -> Iterator[Problem]:
    if count.over and count.limit is not None and count.busiest is not None:
        yield Problem(
            False,
            f"{count.over:,} of the {own_type} exceed the limit of {count.limit.most:,} {other_type} each in "
            f"this file; {count.busiest.record_id} has {count.busiest.pairs:,}",
            "HubSpot will refuse what exceeds the limit: split those records, or raise the limit.",
        )
    if count.limit is not None and count.limit.full:
        yield Problem(
            False,
            f"{count.limit.full:,} of the account's {own_type} are already at their limit of {other_type}",
            "HubSpot will refuse new pairs of these records.",
        )
