"""Known vulnerabilities of what runs on Lambda, as pip-audit finds them.

pip-audit answers 0, and that it found none, also for packages that it could not ask about. Here a vulnerability fails, and
what nobody could tell of is said loudly: where no vulnerability service is in reach, nothing is known, and nothing claimed.
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

# What a service says of each package, as pip-audit writes it down; None where it does not answer.
Audited = list[dict[str, Any]] | None


def main(ask: Callable[[str], Audited]) -> int:
    """Answer 1 for a vulnerability, else 0: the first service that knows all packages is enough."""
    skipped = []
    for service in SERVICES:
        audited = ask(service) or []
        found = [(each, flaw) for each in audited for flaw in each.get("vulns", [])]
        for package, flaw in found:
            fixed = ", ".join(flaw["fix_versions"]) or "no version"
            say(f"{package['name']} {package['version']}: {flaw['id']}, fixed in {fixed} ({service})", error=True)
        if found:
            return 1
        unknown = [each["name"] for each in audited if "skip_reason" in each]
        if audited and not unknown:
            say(f"No known vulnerability in {len(audited)} packages, by {service}.")
            return 0
        skipped.append(f"{service} knows nothing of {', '.join(unknown)}" if unknown else f"{service} does not answer")
    say(f"NOT AUDITED, so nothing is known: {'; '.join(skipped)}.", error=True)
    return 0


def pip_audit(service: str) -> Audited:
    command: list[str | Path] = [
        *(Path(sys.executable).parent / "pip-audit", "--format", "json", "--progress-spinner", "off"),
        *("--vulnerability-service", service, "--disable-pip", "--require-hashes", "--requirement", LOCKED),
    ]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    try:
        dependencies: Audited = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return None
    return dependencies
