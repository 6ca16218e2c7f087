"""Which users have a feature: switch, dates, lists and percentage."""

import json
import re
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain.rollout import BUCKETS, Feature, Rollout, Stage, compute_bucket
from tools import openapi

NOW = 1_790_000_000_000
DOCUMENT = Path(__file__).parents[3] / "docs" / "rollout.md"
USERS = st.text(min_size=1, max_size=40)
PERCENTAGES = st.integers(0, BUCKETS)
FEATURES = st.sampled_from(Feature)
# Users whose bucket for gifting is the first, the last, and one between them.
FIRST, LAST, BOB = "user-3013", "user-3020", "bob"


def published_buckets() -> list[tuple[str, str, int]]:
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| ([0-9]+) \|$", DOCUMENT.read_text(), re.M)
    return [(feature, user_id, int(bucket)) for feature, user_id, bucket in rows]


def test_the_published_buckets_are_right() -> None:
    published = published_buckets()
    assert len(published) == 10
    for feature, user_id, bucket in published:
        assert compute_bucket(feature, user_id) == bucket


def test_the_published_description_has_a_bucket() -> None:
    text = json.loads(openapi.FILE.read_text())["paths"]["/meta/features"]["get"]["description"]
    ((user_id, feature, bucket),) = re.findall(r"the bucket of `(\w+)`\s+for `(\w+)` is ([0-9]+)", text)
    assert compute_bucket(feature, user_id) == int(bucket)


@given(FEATURES, USERS)
def test_a_bucket_is_computed_from_feature_and_user_alone(feature: Feature, user_id: str) -> None:
    digest = sha256((feature + "#" + user_id).encode()).hexdigest()
    assert compute_bucket(feature, user_id) == int(digest[:8], 16) % 10_000


@given(USERS, PERCENTAGES, PERCENTAGES)
def test_a_higher_percentage_puts_nobody_out(user_id: str, one: int, other: int) -> None:
    low, high = (Stage(hundredths=each) for each in sorted((one, other)))
    assert low.includes(Feature.GIFTING, user_id, now=NOW) <= high.includes(Feature.GIFTING, user_id, now=NOW)


@given(FEATURES, USERS)
def test_0_percent_is_nobody_and_100_percent_is_everybody(feature: Feature, user_id: str) -> None:
    assert not Stage(hundredths=0).includes(feature, user_id, now=NOW)
    assert Stage(hundredths=BUCKETS).includes(feature, user_id, now=NOW)
    assert Rollout().includes(feature, user_id, now=NOW)


@pytest.mark.parametrize(("user_id", "bucket"), [(FIRST, 0), (LAST, 9_999), (BOB, 849)])
def test_a_user_is_in_from_the_first_percentage_above_their_bucket(user_id: str, bucket: int) -> None:
    assert not Stage(hundredths=bucket).includes(Feature.GIFTING, user_id, now=NOW)
    assert Stage(hundredths=bucket + 1).includes(Feature.GIFTING, user_id, now=NOW)


def test_the_users_of_a_percentage_are_about_that_many_and_other_ones_for_each_feature() -> None:
    users = [f"user-{number}" for number in range(20_000)]
    stage = Stage(hundredths=500)
    counts = Counter(
        (stage.includes(Feature.GIFTING, user, now=NOW), stage.includes(Feature.ORDER_CENTER, user, now=NOW))
        for user in users
    )
    gifting, center = counts[True, True] + counts[True, False], counts[True, True] + counts[False, True]
    assert 900 < gifting < 1_100
    assert 900 < center < 1_100
    # Independent: 5 % of 5 % have both.
    assert 25 < counts[True, True] < 80


@pytest.mark.parametrize(
    ("stage", "is_in"),
    [
        (Stage(hundredths=0, allow=(BOB,)), True),
        (Stage(hundredths=BUCKETS, deny=(BOB,)), False),
        (Stage(hundredths=0, allow=(BOB,), deny=(BOB,)), True),
        (Stage(on=False, allow=(BOB,)), False),
        (Stage(on=False), False),
        (Stage(start=NOW), True),
        (Stage(start=NOW + 1), False),
        (Stage(start=NOW + 1, allow=(BOB,)), False),
        (Stage(end=NOW + 1), True),
        (Stage(end=NOW), False),
        (Stage(end=NOW, allow=(BOB,)), False),
        (Stage(start=NOW, end=NOW + 1), True),
    ],
)
def test_switch_and_dates_come_before_lists_and_lists_before_the_percentage(stage: Stage, *, is_in: bool) -> None:
    assert stage.includes(Feature.GIFTING, BOB, now=NOW) is is_in
    assert Rollout({"gifting": stage}).includes(Feature.GIFTING, BOB, now=NOW) is is_in


def test_a_stage_is_about_its_own_feature_only() -> None:
    changed = Rollout().with_stage(Feature.GIFTING, Stage(on=False))
    assert not changed.includes(Feature.GIFTING, BOB, now=NOW)
    assert changed.includes(Feature.ORDER_CENTER, BOB, now=NOW)
