"""Write a template that publishes versions of the API functions, for `make build SNAPSTART=1` and `make build GRADUAL=1`.

docs/adr/0015 (SnapStart) and docs/adr/0029 (gradual deployment) explain why these are no parameters.

Both need published versions. So each API function is published with every build, under a name that is unique to the build, and
the API invokes it by an alias. By default, SAM publishes a version only if the code changed, but not if a parameter or a layer
changed, and the API would keep invoking the old version.
"""

import json
import secrets
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from local import template
from local.settings import ROOT

FILE = ROOT / ".local" / "template-published.json"
ALIAS = "live"
# CodeDeploy moves the callers to the new versions in these steps. The deployment of a stack waits for it.
DEPLOYMENT_TYPES = (
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
    "AllAtOnce",
)
# The alarm on the API depends on the API, which depends on the aliases: a reference from their deployment would be a circle.
NAMED_ALARM = "ApiFails"
ALARM_NAME = {"Fn::Sub": f"${{AWS::StackName}}-{NAMED_ALARM}"}


def main(*, snapstart: bool, gradual: bool) -> int:
    """Write the template. Return the exit status."""
    changed, build = template.read(), secrets.token_hex(8)
    if snapstart:
        changed = add_snapstart(changed, build=build)
    if gradual:
        changed = add_gradual(changed, build=build)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(changed, indent=1))
    return 0


def add_snapstart(source: dict[str, Any], *, build: str) -> dict[str, Any]:
    """Return a copy of a template with SnapStart for the API functions.

    Args:
        source: the template.
        build: a name that is unique to the build.
    """
    changed = deepcopy(source)
    for properties in _publish(changed, build):
        properties["SnapStart"] = {"ApplyOn": "PublishedVersions"}
    return changed


def add_gradual(source: dict[str, Any], *, build: str) -> dict[str, Any]:
    """Return a copy of a template whose API functions are deployed gradually, and rolled back when an alarm starts.

    Args:
        source: the template.
        build: a name that is unique to the build.
    """
    changed = deepcopy(source)
    changed["Parameters"]["DeploymentType"] = {
        "Type": "String",
        "Default": "Canary10Percent10Minutes",
        "AllowedValues": list(DEPLOYMENT_TYPES),
        "Description": "How CodeDeploy moves callers to the new versions of the API functions.",
    }
    changed["Resources"][NAMED_ALARM]["Properties"]["AlarmName"] = ALARM_NAME
    for properties in _publish(changed, build):
        properties["DeploymentPreference"] = {
            "Type": {"Ref": "DeploymentType"},
            "Alarms": [ALARM_NAME, {"Ref": "UnitCountsInconsistent"}],
        }
    return changed


def _publish(changed: dict[str, Any], build: str) -> Iterator[dict[str, Any]]:
    """Publish each API function under an alias, and yield its properties."""
    for resource in changed["Resources"].values():
        properties = resource.get("Properties", {})
        if any(event["Type"] == "HttpApi" for event in properties.get("Events", {}).values()):
            properties |= {
                "AutoPublishAlias": ALIAS,
                # It becomes part of the version's name and description: without a change, Lambda publishes no version.
                "AutoPublishCodeSha256": build,
                # Old versions cost money. CloudFormation deletes them when the update is complete.
                "VersionDeletionPolicy": "Delete",
            }
            yield properties
