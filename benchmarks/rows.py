"""One row of the table: a figure of ours, what it is held against, and whether that is good enough."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """
    Attributes:
        section: the part of the benchmarks it comes from, as on the command line.
        name: what was measured.
        ours: the figure, in `unit`.
        reference: the same of what `against` names, measured in the same run; None where nothing is.
        goal: the most that the ratio may be, or, without a reference, the figure; None for a figure that is only told.
        exactly: the figure must be just the goal.
        note: what else there is to know of it: a spread, a profile, why it falls short.
    """

    section: str
    name: str
    ours: float
    unit: str
    reference: float | None = None
    against: str = ""
    goal: float | None = None
    exactly: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return None if self.reference is None else self.ours / self.reference

    @property
    def measured(self) -> float:
        """What is held against the goal."""
        return self.ours if self.ratio is None else self.ratio

    @property
    def passed(self) -> bool | None:
        """None where there is no goal."""
        return self.within(0)

    def within(self, margin: float) -> bool | None:
        """Whether the goal is reached, where a ratio may be above it by a margin: machines are noisy, counts are not."""
        if self.goal is None:
            return None
        if self.exactly:
            return self.measured == self.goal
        return self.measured <= self.goal + (0 if self.ratio is None else margin)


def paired(ours: Iterable[float], references: Iterable[float]) -> tuple[float, float]:
    """What stands for two series of figures measured in turns: the median of ours, and the reference that makes their
    ratio the median of the rounds' ratios. A machine that is slow for a while is slow for both of a round."""
    ours, ratios = list(ours), [a / b for a, b in zip(ours, references, strict=True)]
    median = statistics.median(ours)
    return median, median / statistics.median(ratios)
