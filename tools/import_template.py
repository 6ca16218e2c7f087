"""Write the template with which a new stack imports the resources that a deleted one left, for `make import-template`.

CloudFormation imports existing resources by a template that has only these resources, each with a DeletionPolicy
(docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html). The next deployment of the whole
template adds the other resources. So this template leaves out each property that refers to one of them. All other properties
have to stay as they are: if the next deployment adds or changes `GenerateSecretString`, CloudFormation generates another value of
the secret.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from local import template
from local.settings import REGION, ROOT

FOLDER = ROOT / ".local" / "import"


class UnknownResource(Exception):
    """A resource is not one that a deleted stack leaves, or none is named; the message lists those that it leaves."""


def main(kept: list[str]) -> int:
    """Write the template and the list of resources. Return the exit status.

    Args:
        kept: the resources to import, each as `LogicalId=identifier`.
    """
    try:
        identifiers = dict(each.split("=", 1) for each in kept)
        imported, resources = build(template.read(), identifiers)
    except (UnknownResource, ValueError) as error:
        print(f'{error}\nUsage: make import-template KEPT="Table=NAME LinkKeys=ARN ..."', file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in (("template.json", imported), ("resources.json", resources)):
        (FOLDER / name).write_text(json.dumps(content, indent=1) + "\n")
        print(f"Wrote {(FOLDER / name).relative_to(ROOT)}")
    return 0


def kept_resources(source: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the resources that stay when the stack is deleted."""
    return {
        name: each for name, each in source["Resources"].items() if each.get("DeletionPolicy", "Delete") != "Delete"
    }


def build(source: Mapping[str, Any], identifiers: Mapping[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the template, and the resources to import for `create-change-set`.

    Args:
        source: template.yaml.
        identifiers: the physical ID of each resource, by its logical ID.

    Raises:
        UnknownResource: a resource is not one that a stack leaves, or none is named.
    """
    kept = kept_resources(source)
    if not identifiers or (unknown := sorted(identifiers.keys() - kept.keys())):
        raise UnknownResource(
            f"A deleted stack leaves {', '.join(kept)}, not {', '.join(unknown) if identifiers else 'nothing'}."
        )
    others = source["Resources"].keys() - identifiers.keys()
    imported = {
        "AWSTemplateFormatVersion": source["AWSTemplateFormatVersion"],
        "Parameters": source["Parameters"],
        "Conditions": source["Conditions"],
        "Resources": {
            name: {
                **kept[name],
                "DeletionPolicy": "Retain",
                "Properties": {
                    key: value for key, value in kept[name]["Properties"].items() if not _refers_to(value, others)
                },
            }
            for name in identifiers
        },
    }
    return imported, [
        {
            "ResourceType": kept[name]["Type"],
            "LogicalResourceId": name,
            "ResourceIdentifier": {_identifier_property(kept[name]["Type"]): identifier},
        }
        for name, identifier in identifiers.items()
    ]


def _identifier_property(kind: str) -> str:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    (path,) = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema["primaryIdentifier"]
    return str(path).removeprefix("/properties/")


def _refers_to(value: Any, names: Any) -> bool:
    text = json.dumps(value)
    return any(f'"{name}"' in text or f"${{{name}}}" in text or f"${{{name}." in text for name in names)
