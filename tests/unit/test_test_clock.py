"""The test clock: never beside real payments, and only with its parameter."""

from typing import Any

import pytest

from handsel.runtime.settings import WITHOUT_MONEY, settings
from local import template
from local.settings import Settings
from testkit import lambda_environment  # noqa: F401  # sets the environment of the settings
from tests.unit.test_cloudfront import EXPANDED, deploy, failed_rules

CLOCK_RESOURCES = {
    "TestClockFunction",
    "TestClockFunctionRole",
    "TestClockFunctionReadPermission",
    "TestClockFunctionAdvancePermission",
    "ReadTestClockPolicy",
}


@pytest.fixture(autouse=True)
def fresh_settings() -> Any:
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_the_rule_refuses_the_clock_beside_every_provider_but_those_without_money() -> None:
    """The rule names the allowed providers, so it holds for those that are added to the parameter later."""
    for provider in ("none", "sandbox"):
        assert failed_rules(TestClock="true", PaymentProvider=provider) == []
    (description,) = failed_rules(TestClock="true", PaymentProvider="stripe")
    assert description.startswith("TestClock requires PaymentProvider none or sandbox.")
    assert failed_rules(TestClock="false", PaymentProvider="stripe") == []
    allowed = set(template.read()["Parameters"]["PaymentProvider"]["AllowedValues"])
    assert allowed >= WITHOUT_MONEY


@pytest.mark.parametrize("provider", ["stripe", "", "Sandbox"])
def test_a_function_does_not_start_with_the_clock_beside_real_payments(
    monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setenv("TEST_CLOCK", "true")
    monkeypatch.setenv("PAYMENT_PROVIDER", provider)
    with pytest.raises(ValueError, match="TEST_CLOCK=true requires PAYMENT_PROVIDER none or sandbox"):
        settings()
    monkeypatch.setenv("TEST_CLOCK", "false")
    assert not settings().has_test_clock


def test_a_stack_has_the_clock_only_with_the_parameter() -> None:
    assert template.read()["Parameters"]["TestClock"]["Default"] == "false"
    assert deploy(TestClock="true").keys() >= CLOCK_RESOURCES
    assert not CLOCK_RESOURCES & deploy().keys()
    paths = EXPANDED["Resources"]["HttpApi"]["Properties"]["Body"]["paths"]
    assert paths["/test/clock"]["Fn::If"][0] == "HasTestClock"
    assert paths["/test/clock"]["Fn::If"][2] == {"Ref": "AWS::NoValue"}
    assert Settings().parameters()["TestClock"] == "true"


def test_the_local_stack_has_the_routes_under_the_same_condition() -> None:
    body = EXPANDED["Resources"]["HttpApi"]["Properties"]["Body"]
    conditional = {
        each["Properties"].get("RouteKey", "integration")
        for each in template.native_routes("HttpApi", body).values()
        if each.get("Condition") == "HasTestClock"
    }
    assert conditional == {"GET /test/clock", "POST /test/clock", "integration"}
