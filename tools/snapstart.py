"""The template with SnapStart, for `make build SNAPSTART=1`: docs/adr/0015 says why it is made, and not a parameter.

Lambda restores a snapshot of a published version only. So each function that people call by the API is published with every
build, under a name of the build's own, and the API calls it by an alias. SAM would else publish where code changed, and not
where a parameter or a layer did, and callers would go on with what was before.
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
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(with_snapstart(template.read(), build=secrets.token_hex(8)), indent=1))
    return 0


def with_snapstart(written: dict[str, Any], *, build: str) -> dict[str, Any]:
    """A template like this one, whose functions start from snapshots where people wait for them.

    Args:
        build: a name for what is built, another one each time.
    """
    changed = deepcopy(written)
    for resource in changed["Resources"].values():
        events = resource.get("Properties", {}).get("Events", {}).values()
        if any(event["Type"] == "HttpApi" for event in events):
            resource["Properties"] |= {
                "SnapStart": {"ApplyOn": "PublishedVersions"},
                "AutoPublishAlias": ALIAS,
                # It is in the name of the version, and in the description: without a change Lambda publishes nothing.
                "AutoPublishCodeSha256": build,
                # A version that stays is paid for.
                "VersionDeletionPolicy": "Delete",
            }
    return changed
