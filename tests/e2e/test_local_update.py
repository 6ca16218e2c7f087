"""A local stack that takes other settings keeps its data, and its users stay signed in."""

from functools import partial
from urllib.parse import urlsplit

import pytest

from local import cli
from local.settings import Settings
from tests.e2e.conftest import Running, eventually, run_stack

pytestmark = pytest.mark.e2e

WINDOW = 3


def test_changed_settings_keep_the_data_and_apply_to_new_orders(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    for running in run_stack(tmp_path_factory.mktemp("updated"), stream=True):
        alice, old = running.as_("alice"), running.buy()
        port = urlsplit(running.stack["api_url"]).port
        assert port is not None
        changed = Settings(port=port, claim_window_seconds=WINDOW, policy="wechat")
        assert cli.up(changed, {"LOCAL_DIR": str(running.folder)}, hints=False) == 0
        assert "its data is kept" in capsys.readouterr().out
        assert running.as_(None).get("/meta/policy").json()["policy_id"] == "wechat"

        orders = [old, running.buy()]
        gifts = [running.give(order["order_id"]) for order in orders]
        # The policy that an order was bought under remains in force.
        answers = [alice.post(f"/gifts/{gift['gift_id']}/cancel", {}) for gift in gifts]
        assert [answer.status_code for answer in answers] == [200, 409]
        assert (answers[1].json()["code"], answers[1].json()["rule"]) == ("not-allowed", "giver_cancel")
        gifts[0] = running.give(old["order_id"])
        for gift in gifts:
            running.sleep_until(gift["expires_at"])
            assert eventually(partial(_is_settled, running, gift["gift_id"]), 30)
        units = [alice.get(f"/orders/{order['order_id']}").json()["units"] for order in orders]
        assert [(each["available"], each["refunded"]) for each in units] == [(1, 0), (0, 1)]
        payments = {each["order_id"]: each["refunded"]["amount"] for each in alice.get("/payments").json()["items"]}
        assert [payments[order["order_id"]] for order in orders] == [0, orders[1]["payment"]["total"]["amount"]]


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
