"""Keys, ids, secrets and cursors: collision-free, deterministic and unforgeable."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.api import cursors
from handsel.domain import errors, ids
from handsel.store import keys

LINK_KEYS = {"1": "an old key", "2": "the key of today"}


@pytest.mark.parametrize("part", ["", "a#b", "x" * 129, "é", "a\0", "a\nb", "\ud800"])
def test_an_invalid_key_part_is_not_found(part: str) -> None:
    assert not keys.is_valid_key_part(part)
    with pytest.raises(errors.NotFound):
        keys.order(part)


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_ids_of_different_parts_differ(one: list[str], other: list[str]) -> None:
    one, other = ([part.encode("utf-8", "replace").decode() for part in parts] for parts in (one, other))
    assert (ids.derive_id(*one) == ids.derive_id(*other)) is (one == other)


def test_an_id_is_url_safe_and_fits_into_a_key() -> None:
    derived = ids.derive_id("order", "alice", "key")
    assert derived.isalnum()
    assert keys.order(derived).pk == f"ORDER#{derived}"


def test_the_hash_of_a_request_ignores_only_the_order_of_its_fields() -> None:
    assert ids.hash_request("/a", {"x": 1, "y": 2}) == ids.hash_request("/a", {"y": 2, "x": 1})
    assert ids.hash_request("/a", {"x": 1}) != ids.hash_request("/b", {"x": 1})
    assert ids.hash_request("/a", {"x": 1}) != ids.hash_request("/a", {"x": True})


def test_a_secret_depends_on_gift_and_key_and_has_more_than_128_bits() -> None:
    secret = ids.derive_link_secret(LINK_KEYS, "1", "gift")
    assert len(secret) == 32
    assert secret == ids.derive_link_secret(LINK_KEYS, "1", "gift")
    assert secret != ids.derive_link_secret(LINK_KEYS, "2", "gift")
    assert secret != ids.derive_link_secret(LINK_KEYS, "1", "other")


def test_ids_and_secrets_have_no_character_that_ends_a_link() -> None:
    """Check the first and last characters, and all others (interweave#120, marked#2024, rails_autolink#65)."""
    gift_ids = [ids.derive_id("gift", str(number)) for number in range(500)]
    for text in (*gift_ids, *(ids.derive_link_secret(LINK_KEYS, "1", gift_id) for gift_id in gift_ids)):
        assert re.fullmatch(r"[a-z2-7]{32}", text)


GIFT_ID = ids.derive_id("gift")


@pytest.mark.parametrize(
    "path",
    [
        GIFT_ID,
        GIFT_ID.upper(),
        f"{GIFT_ID}/",
        f"{GIFT_ID}.",
        f"{GIFT_ID})",
        f"{GIFT_ID}。",
        f"{GIFT_ID}」",
        f"{GIFT_ID}%E3%80%82",
        f"{GIFT_ID}#secret",
        f"{GIFT_ID}%23{GIFT_ID[::-1]}",
        f"{GIFT_ID}&amp;utm_source=chat",
        f"*{GIFT_ID}*",
        f"{GIFT_ID[:10]}\u200b{GIFT_ID[10:]}",
        f"{GIFT_ID[:10]}\u00ad{GIFT_ID[10:]}",
    ],
)
def test_the_id_in_a_link_is_found_whatever_a_program_made_of_it(path: str) -> None:
    assert ids.find_id(path) == GIFT_ID


@pytest.mark.parametrize(
    "path", ["", "none", GIFT_ID[:-1], f"{GIFT_ID}a", f"a{GIFT_ID}", GIFT_ID.replace(GIFT_ID[0], "1")]
)
def test_a_path_without_a_whole_id_has_none(path: str) -> None:
    assert ids.find_id(path) is None


@pytest.mark.parametrize("given", ["", "é" * 32, "x" * 32])
def test_a_wrong_secret_does_not_match(given: str) -> None:
    assert not ids.are_secrets_equal(given, ids.derive_link_secret(LINK_KEYS, "1", "gift"))


def test_positions_sort_by_time_then_id() -> None:
    positions = [keys.position(9, "b"), keys.position(10, "a"), keys.position(10, "b")]
    assert positions == sorted(positions)
    assert keys.parse_id(positions[0]) == "b"


@pytest.mark.parametrize("pk", ["GIFT#a", "WINDOW#", "WINDOW", ""])
def test_only_window_items_have_a_gift_to_restore(pk: str) -> None:
    with pytest.raises(ValueError, match="window"):
        keys.parse_timer_gift_id(pk)


def test_a_cursor_is_valid_only_for_the_list_it_was_issued_for() -> None:
    cursor = cursors.seal("0000000000009#b", scope="alice orders", keys=LINK_KEYS, version="2")
    assert cursor is not None
    assert cursors.unseal(cursor, scope="alice orders", keys=LINK_KEYS) == "0000000000009#b"
    for scope in ("bob orders", "alice gifts"):
        with pytest.raises(errors.InvalidRequest):
            cursors.unseal(cursor, scope=scope, keys=LINK_KEYS)


@given(st.text())
def test_a_forged_cursor_is_rejected(forged: str) -> None:
    with pytest.raises(errors.InvalidRequest):
        cursors.unseal(forged, scope="alice orders", keys=LINK_KEYS)


def test_due_entries_spread_over_all_shards() -> None:
    entities = [ids.derive_id(str(number)) for number in range(500)]
    for partition, shards in ((keys.due_gifts, keys.DUE_SHARDS), (keys.due_erasures, keys.RARE_DUE_SHARDS)):
        found = {keys.due_partition(partition, entity_id) for entity_id in entities}
        assert found == set(keys.list_due_partitions(partition))
        assert len(found) == shards
