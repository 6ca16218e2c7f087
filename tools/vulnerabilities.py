"""Report known vulnerabilities of the deployed packages, by pip-audit.

pip-audit also succeeds for packages that it could not look up. This check fails for a vulnerability, and reports clearly if
no vulnerability service could be reached.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.cli import say
from local.settings import ROOT

LOCKED = ROOT / "layers" / "dependencies" / "requirements.txt"
SERVICES = ("pypi", "osv")

# The report of pip-audit by package; None if the service does not answer.
Report = list[dict[str, Any]] | None


def main(query: Callable[[str], Report]) -> int:
    """Query the services until one knows all packages. Return the exit status: 1 for a vulnerability, else 0.

    Args:
        query: returns the report of a service.
    """
    skipped = []
    for service in SERVICES:
        report = query(service) or []
        found = [(each, flaw) for each in report for flaw in each.get("vulns", [])]
        for package, flaw in found:
            fixed = ", ".join(flaw["fix_versions"]) or "no version"
            say(f"{package['name']} {package['version']}: {flaw['id']}, fixed in {fixed} ({service})", error=True)
        if found:
            return 1
        unknown = [each["name"] for each in report if "skip_reason" in each]
        if report and not unknown:
            say(f"No known vulnerability in {len(report)} packages, by {service}.")
            return 0
        skipped.append(f"{service} does not know {', '.join(unknown)}" if unknown else f"{service} does not answer")
    say(f"NOT CHECKED for vulnerabilities: {'; '.join(skipped)}.", error=True)
    return 0


def pip_audit(service: str) -> Report:
    """Run pip-audit with a vulnerability service. Return its report, or None if the service does not answer."""
    command: list[str | Path] = [
        *(Path(sys.executable).parent / "pip-audit", "--format", "json", "--progress-spinner", "off"),
        *("--vulnerability-service", service, "--disable-pip", "--require-hashes", "--requirement", LOCKED),
    ]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    try:
        dependencies: Report = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return None
    return dependencies
