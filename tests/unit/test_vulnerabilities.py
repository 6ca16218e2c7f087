"""The result of `make vulnerabilities` for answers of the vulnerability services."""

from typing import Any

import pytest

from tools import vulnerabilities

FINE = {"name": "fine", "version": "1", "vulns": []}
BROKEN = {"name": "broken", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("pypi", "osv", "status", "printed"),
    [
        ([FINE], None, 0, "No known vulnerability in 1 packages, by pypi."),
        ([FINE, BROKEN], None, 1, "broken 2: CVE-1, fixed in 3 (pypi)"),
        ([BROKEN, UNKNOWN], [FINE], 1, "broken 2: CVE-1, fixed in 3 (pypi)"),
        (None, [BROKEN], 1, "broken 2: CVE-1, fixed in 3 (osv)"),
        ([FINE, UNKNOWN], [FINE, FINE], 0, "No known vulnerability in 2 packages, by osv."),
        (
            [FINE, UNKNOWN],
            None,
            0,
            "NOT CHECKED for vulnerabilities: pypi does not know unknown; osv does not answer.",
        ),
        (None, None, 0, "NOT CHECKED for vulnerabilities: pypi does not answer; osv does not answer."),
    ],
)
def test_a_vulnerability_fails_the_check_and_unavailable_services_are_reported(
    capsys: pytest.CaptureFixture[str], pypi: Any, osv: Any, status: int, printed: str
) -> None:
    assert vulnerabilities.main({"pypi": pypi, "osv": osv}.__getitem__) == status
    captured = capsys.readouterr()
    assert (captured.out + captured.err).strip() == printed
