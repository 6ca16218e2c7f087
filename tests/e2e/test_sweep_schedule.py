"""The schedule that sweeps once a minute."""

import pytest

from tests.e2e.conftest import Running, eventually

pytestmark = pytest.mark.e2e


def test_the_schedule_sweeps_without_a_request(silent: Running) -> None:
    gift = silent.give(silent.buy()["order_id"])
    silent.jump_to(gift["expires_at"])

    def is_returned() -> bool:
        item = silent.item("GIFT", gift["gift_id"])
        return item is not None and item["state"]["S"] == "returned"

    assert eventually(is_returned, 90)
