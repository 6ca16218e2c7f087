"""The once-a-minute schedule itself."""

import pytest

from tests.e2e.conftest import Running, eventually

pytestmark = pytest.mark.e2e


def test_the_schedule_sweeps_without_anybody_calling(silent: Running) -> None:
    gift = silent.give(silent.buy()["order_id"])

    def returned() -> bool:
        item = silent.item("GIFT", gift["gift_id"])
        return item is not None and item["state"]["S"] == "returned"

    assert eventually(returned, 90)
