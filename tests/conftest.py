"""What all tests share: the environment that template.yaml would give the functions, and figures to report."""

import os

import pytest

os.environ |= {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "TABLE_NAME": "handsel-test",
    "BUS_NAME": "handsel-test-events",
    "CLAIM_WINDOW_SECONDS": "86400",
    "WEB_URL": "https://gifts.test",
    "LINK_KEYS_SECRET": "handsel-test-link-keys",
    "POWERTOOLS_SERVICE_NAME": "handsel",
    "POWERTOOLS_METRICS_NAMESPACE": "Handsel",
}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests counted with `record_property("figures", ...)`, in whichever process they ran."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, line in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(str(line))
