"""Write the template with SnapStart, for `make build SNAPSTART=1`. docs/adr/0015 explains why it is not a parameter.

Lambda restores snapshots of published versions only. So each API function is published with every build, under a name that
is unique to the build, and the API invokes it by an alias. By default, SAM publishes a version only if the code changed, but
not if a parameter or a layer changed, and the API would keep invoking the old version.
"""

import json
import secrets
from copy import deepcopy
from typing import Any

from local import template
from local.settings import ROOT

FILE = ROOT / ".local" / "template-snapstart.json"
ALIAS = "live"


def main() -> int:
    """Write the template. Return the exit status."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(add_snapstart(template.read(), build=secrets.token_hex(8)), indent=1))
    return 0


def add_snapstart(source: dict[str, Any], *, build: str) -> dict[str, Any]:
    """Return a copy of a template with SnapStart for the API functions.

    Args:
        source: the template.
        build: a name that is unique to the build.
    """
    changed = deepcopy(source)
    for resource in changed["Resources"].values():
        events = resource.get("Properties", {}).get("Events", {}).values()
        if any(event["Type"] == "HttpApi" for event in events):
            resource["Properties"] |= {
                "SnapStart": {"ApplyOn": "PublishedVersions"},
                "AutoPublishAlias": ALIAS,
                # It becomes part of the version's name and description: without a change, Lambda publishes no version.
                "AutoPublishCodeSha256": build,
                # Old versions cost money.
                "VersionDeletionPolicy": "Delete",
            }
    return changed
