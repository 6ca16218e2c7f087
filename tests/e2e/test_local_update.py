"""A local stack that takes other settings keeps its data, and its users stay signed in."""

from functools import partial
from urllib.parse import urlsplit

import pytest

from local import cli
from local.settings import Settings
from tests.e2e.conftest import Running, eventually, run_stack

pytestmark = pytest.mark.e2e

WINDOW = 3


def test_a_changed_setting_keeps_the_data(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    for running in run_stack(tmp_path_factory.mktemp("updated"), stream=True):
        order = running.buy()
        port = urlsplit(running.stack["api_url"]).port
        assert port is not None
        changed = Settings(port=port, claim_window_seconds=WINDOW)
        assert cli.up(changed, {"LOCAL_DIR": str(running.folder)}, hints=False) == 0
        assert "its data is kept" in capsys.readouterr().out
        gift = running.give(order["order_id"])
        running.sleep_until(gift["expires_at"])

        assert eventually(partial(_is_settled, running, gift["gift_id"]), 30)


def test_a_closed_stack_answers_503_and_keeps_the_data(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    for running in run_stack(tmp_path_factory.mktemp("closed"), stream=True):
        order, alice = running.buy(), running.as_("alice")
        port = urlsplit(running.stack["api_url"]).port
        assert port is not None
        environ = {"LOCAL_DIR": str(running.folder)}
        rule = running.physical("SweepFunctionEveryMinute")
        for closed, status, state in ((True, 503, "DISABLED"), (False, 200, "ENABLED")):
            settings = Settings(port=port, closed=closed)
            assert cli.up(settings, environ, hints=False) == 0
            assert "its data is kept" in capsys.readouterr().out
            assert alice.request("GET", f"/orders/{order['order_id']}").status_code == status
            assert alice.request("GET", "/health").status_code == 200
            assert running.aws("events").describe_rule(Name=rule)["State"] == state


def _is_settled(running: Running, gift_id: str) -> bool:
    item = running.item("GIFT", gift_id)
    return item is not None and bool(item["state"]["S"] == "returned")
