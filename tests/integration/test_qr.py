"""The QR code of a voucher."""

import re
import subprocess
import sys
from typing import Any

import pytest

from local.settings import ROOT
from testkit import qr
from testkit.handlers.stack import DAY, Stack

# Load every function where the library is not installed.
START_ALL = """
import sys
sys.modules["segno"] = None
from tools import openapi
for name in {route.function for route in openapi.routes()}:
    openapi.load(name)
"""


@pytest.fixture
def voucher(stack: Stack) -> dict[str, Any]:
    """Return a voucher that Bob claimed."""
    holding: dict[str, Any] = stack.claim("bob", stack.give(stack.buy())).body
    return holding


def test_the_picture_encodes_exactly_the_code(stack: Stack, voucher: dict[str, Any]) -> None:
    answer = stack.call("bob", "GET", f"/holdings/{voucher['holding_id']}/qr")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert qr.read(answer.raw) == voucher["code"]


def test_the_picture_scales_and_has_no_text(stack: Stack, voucher: dict[str, Any]) -> None:
    svg = stack.call("bob", "GET", f"/holdings/{voucher['holding_id']}/qr").raw
    assert set(re.findall(r"<(\w+)", svg)) == {"svg", "path"}
    assert set(re.findall(r" ([\w-]+)=", svg)) == {"xmlns", "viewBox", "shape-rendering", "fill", "stroke", "d"}
    assert voucher["code"] not in svg


def test_the_picture_is_not_cached_and_runs_no_scripts(stack: Stack, voucher: dict[str, Any]) -> None:
    headers = stack.call("bob", "GET", f"/holdings/{voucher['holding_id']}/qr").headers
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_only_the_holder_can_get_the_picture(stack: Stack, voucher: dict[str, Any]) -> None:
    for stranger in ("alice", "carol", "mia"):
        answer = stack.call(stranger, "GET", f"/holdings/{voucher['holding_id']}/qr")
        assert (answer.status, answer.body["code"]) == (404, "not-found")


def test_a_parcel_has_no_picture(stack: Stack) -> None:
    parcel = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body
    answer = stack.call("bob", "GET", f"/holdings/{parcel['holding_id']}/qr")
    assert (answer.status, answer.body["code"]) == (404, "not-found")


def test_the_picture_stays_the_same_after_redemption_and_expiry(stack: Stack) -> None:
    for end in ("redeemed", "over"):
        holding = stack.claim("bob", stack.give(stack.buy())).body
        path = f"/holdings/{holding['holding_id']}/qr"
        before = stack.call("bob", "GET", path)
        if end == "redeemed":
            assert stack.call("mia", "POST", f"/vouchers/{holding['code']}/redemptions").status == 201
        else:
            stack.now += 400 * DAY
        after = stack.call("bob", "GET", path)
        assert (after.status, after.raw) == (200, before.raw)


def test_no_function_loads_the_qr_library_when_it_starts() -> None:
    subprocess.run([sys.executable, "-c", START_ALL], cwd=ROOT, check=True)


def test_only_a_request_for_a_picture_loads_the_qr_library(
    stack: Stack, voucher: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    monkeypatch.delitem(sys.modules, "handsel.api.qr", raising=False)
    monkeypatch.delattr("handsel.api.qr", raising=False)
    path = f"/holdings/{voucher['holding_id']}"
    statuses = {each: stack.call("bob", "GET", each).status for each in ("/holdings", path, f"{path}/qr")}
    assert statuses == {"/holdings": 200, path: 200, f"{path}/qr": 500}
