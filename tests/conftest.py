"""The environment of the functions for all tests, and figures to report."""

import sys

import pytest

# Before it is imported, so that its assertions report values as those of tests do. `python -m testkit.conformance` runs
# tests in a process that has already imported it.
if "testkit" not in sys.modules:
    pytest.register_assert_rewrite("testkit")

import testkit.lambda_environment  # noqa: E402, F401  # before anything reads the settings


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded with `record_property("figures", ...)`, in any process."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, line in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(str(line))
