"""One row of the results: a figure, its reference, and whether it reaches its goal."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A measured figure.

    Attributes:
        section: the section of the benchmarks, as on the command line.
        name: the name of the measurement.
        ours: the figure, in `unit`.
        reference: the same measurement of `against`, in the same run, or None.
        goal: the maximum of the ratio, or of the figure if there is no reference; None without a goal.
        exactly: whether the value must equal the goal.
        note: further information, such as a spread, a profile, or the reason for a missed goal.
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
        """Return the ratio of the figure to its reference, or None."""
        return None if self.reference is None else self.ours / self.reference

    @property
    def measured(self) -> float:
        """Return the value that is compared with the goal."""
        return self.ours if self.ratio is None else self.ratio

    @property
    def passed(self) -> bool | None:
        """Return whether the goal is reached, or None without a goal."""
        return self.within(0)

    def within(self, margin: float) -> bool | None:
        """Return whether the goal is reached; a ratio may exceed it by `margin`, because timings are noisy."""
        if self.goal is None:
            return None
        if self.exactly:
            return self.measured == self.goal
        return self.measured <= self.goal + (0 if self.ratio is None else margin)


def paired(ours: Iterable[float], references: Iterable[float]) -> tuple[float, float]:
    """Summarize two series that were measured in alternation.

    Returns:
        The median of ours, and the reference for which the ratio is the median of the rounds' ratios: a slow phase of the
        machine affects both values of a round.
    """
    ours, ratios = list(ours), [a / b for a, b in zip(ours, references, strict=True)]
    median = statistics.median(ours)
    return median, median / statistics.median(ratios)
