"""Staged rollout: which users have a feature.

A user has a feature if it is on, now is inside its dates, and the user is allowed, or is not denied and is in a bucket below the
percentage. The bucket depends on the feature and the user alone: a higher percentage adds users and removes none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256

# A percentage has two decimals, so there is a bucket for each hundredth of a percent.
BUCKETS = 10_000
# The most users that a feature can allow, and as many that it can deny: all features are in one item.
MAX_LISTED = 500


class Feature(StrEnum):
    """The features that can be rolled out."""

    GIFTING = "gifting"
    ORDER_CENTER = "order_center"


def compute_bucket(feature: str, user_id: str) -> int:
    """Return the bucket of a user for a feature, from 0 to 9999. The buckets of two features are independent."""
    return int(sha256(f"{feature}#{user_id}".encode()).hexdigest()[:8], 16) % BUCKETS


@dataclass(frozen=True, slots=True)
class Cohort:
    """The users who have a feature. Without changes, these are all users.

    Attributes:
        on: False takes the feature away from everybody.
        hundredths: the percentage of users who have it, in hundredths of a percent: 0 to 10,000.
        allow: the IDs of users who have it at any percentage.
        deny: the IDs of users who do not have it at any percentage.
        start: the first millisecond at which anybody has it, since the epoch; None is no limit.
        end: the first millisecond at which nobody has it any more, since the epoch; None is no limit.
    """

    on: bool = True
    hundredths: int = BUCKETS
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None

    def is_active_at(self, now: int) -> bool:
        """Return whether the feature is on, and a time is inside its dates: from `start` on, before `end`."""
        return self.on and (self.start is None or self.start <= now) and (self.end is None or now < self.end)

    def includes(self, feature: str, user_id: str, *, now: int) -> bool:
        """Return whether a user has the feature at a time."""
        if not self.is_active_at(now):
            return False
        if user_id in self.allow:
            return True
        return user_id not in self.deny and compute_bucket(feature, user_id) < self.hundredths


@dataclass(frozen=True, slots=True)
class Rollout:
    """The cohorts of all features.

    Attributes:
        cohorts: by the name of the feature. A feature that has none is available to everybody.
        version: the number of changes.
    """

    cohorts: Mapping[str, Cohort] = field(default_factory=dict)
    version: int = 0

    def includes(self, feature: str, user_id: str, *, now: int) -> bool:
        """Return whether a user has a feature at a time."""
        cohort = self.cohorts.get(feature)
        return cohort is None or cohort.includes(feature, user_id, now=now)

    def with_cohort(self, feature: str, cohort: Cohort) -> "Rollout":
        """Return the rollout with another cohort of a feature."""
        return replace(self, cohorts={**self.cohorts, feature: cohort})
