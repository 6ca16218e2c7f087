"""Report what an update from the last release replaces, deletes or breaks, and what AWS refuses, for `make release-check`.

Both templates are expanded by AWS's translator, with the default parameters. CloudFormation's registry schemas, which cfn-lint
contains, name the properties that cannot be changed in place. Rules that the schemas lack are below, with their sources.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from local import template
from local.settings import REGION, ROOT

Template = dict[str, Any]
Resource = Mapping[str, Any]

# The routes with settings of the last release: written by `make released-routes` when a release is tagged.
RELEASED_ROUTES = ROOT / "tools" / "released_routes.json"
_POLICIES = "layers/core/python/handsel/domain/policies.json"
_POLICIES_NOW = ROOT / _POLICIES
_RETAINED = ("Retain", "RetainExceptOnCreate")
# SAM generates these from other resources, or renames them in every build.
_DERIVED = frozenset({"AWS::IAM::Role", "AWS::Lambda::Permission", "AWS::Lambda::LayerVersion", "AWS::Lambda::Version"})
# The loss that the deletion of a resource causes, by its type. Resources of other types have no data and no address of their own.
_LOSSES = {
    "AWS::ApiGatewayV2::Api": "the address of the API, and with it every share link",
    "AWS::CloudFront::Distribution": "the domain name of the distribution",
    "AWS::Cognito::UserPool": "all users",
    "AWS::Cognito::UserPoolClient": "the client ID, so that all users are signed out",
    "AWS::DynamoDB::Table": "all data",
    "AWS::Events::EventBus": "the rules that others added to the bus; while it has any, it cannot be deleted",
    "AWS::KMS::Key": "everything that the key encrypted",
    "AWS::Lambda::EventSourceMapping": "the position in the stream: records of the last 24 hours are delivered again",
    "AWS::Lambda::Function": "the name of the function, which its metrics and alarms use",
    "AWS::Logs::LogGroup": "the logs",
    "AWS::S3::Bucket": "the objects",
    "AWS::SecretsManager::Secret": "the keys of all open share links",
    "AWS::SNS::Topic": "the subscriptions",
    "AWS::SQS::Queue": "the messages",
}
# docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-updating.html, "Settings you can't change"
_FIXED_IN_USER_POOL = ("AliasAttributes", "UsernameAttributes", "UsernameConfiguration")


class Effect(StrEnum):
    """The effect of a change on a deployed stack. A note needs no decision."""

    REFUSED = "refused"
    REPLACED = "replaced"
    DELETED = "deleted"
    BREAKS = "breaks"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One effect of an update.

    Attributes:
        effect: the effect.
        subject: the resource, route, parameter, output or policy.
        change: the change.
        reason: what happens, and why.
        instead: how to avoid the effect.
    """

    effect: Effect
    subject: str
    change: str
    reason: str
    instead: str

    def __str__(self) -> str:
        """Return the finding as lines of text."""
        return f"{self.effect.upper()} {self.subject}: {self.change}\n    {self.reason}\n    Instead: {self.instead}"


def main(reference: str, *, accepts_effects: bool = False) -> int:
    """Compare with the last release, or with another reference.

    Args:
        reference: a commit or tag; empty for the last tag before HEAD.
        accepts_effects: report the effects but do not fail.

    Returns:
        The exit status: 0 no effects, accepted effects, or no earlier release; 1 effects; 2 not compared.
    """
    from samtranslator.yaml_helper import yaml_parse

    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    # A shallow clone has no tags, which does not mean that there was no release.
    if not reference and _git("rev-parse", "--is-shallow-repository") == "false":
        reference = _last_release()
        if not reference:
            print("No earlier release: no tag before HEAD. Nothing was compared. For a deployed commit: REF=...")
            return 0
    source = reference and _git("show", f"{reference}:template.yaml")
    if not source:
        missing = f"{reference} has no template.yaml, or does not exist." if reference else "The repository has no tag."
        print(f"{missing} Name the released commit: make release-check REF=...", file=sys.stderr)
        return 2
    released = json.loads(_git("show", f"{reference}:{_POLICIES}") or "{}")  # an early release had no policies
    findings = [
        *compare(expand(yaml_parse(source)), expand(template.read())),
        *compare_policies(released, json.loads(_POLICIES_NOW.read_text())),
    ]
    for finding in findings:
        print(finding)
    harmful = sum(finding.effect is not Effect.NOTE for finding in findings)
    print(f"Compared with {reference}: {harmful} effects on deployed stacks, {len(findings) - harmful} notes.")
    if harmful and accepts_effects:
        print("The effects are accepted.")
    return 1 if harmful and not accepts_effects else 0


def write_released_routes() -> int:
    """Write the routes that have settings of their own in template.yaml. Return the exit status."""
    limited = [key for key, has_settings in routes(expand(template.read())["Resources"]).items() if has_settings]
    RELEASED_ROUTES.write_text(json.dumps(limited, indent=1) + "\n")
    return 0


def compare(old: Template, new: Template) -> list[Finding]:
    """Return the effects of an update from an expanded template to another one, the worst first."""
    found = [
        *_parameters(old.get("Parameters", {}), new.get("Parameters", {})),
        *_outputs(old.get("Outputs", {}), new.get("Outputs", {})),
        *_routes(old["Resources"], new["Resources"]),
        *_resources(old["Resources"], new["Resources"]),
    ]
    return sorted(found, key=lambda finding: (list(Effect).index(finding.effect), finding.subject))


def compare_policies(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what a change of released versions of policies breaks. Added versions, added rules and other sources are safe."""
    instead = "restore it, and append a new version with the change"
    for policy_id, versions in old.items():
        present = {version["version"]: version["rules"] for version in new.get(policy_id, ())}
        for version in versions:
            subject = f"policy {policy_id}@{version['version']}"
            if version["version"] not in present:
                reason = (
                    "Orders that were bought under it refer to it. They could not be read, given, used or refunded."
                )
                yield Finding(Effect.BREAKS, subject, "the version is removed", reason, instead)
                continue
            rules = present[version["version"]]
            for name, rule in version["rules"].items():
                if name not in rules or rules[name]["value"] != rule["value"]:
                    reason = "Orders that were bought under it, and their gifts, would end under another rule."
                    yield Finding(Effect.BREAKS, subject, f"the rule {name} is changed or removed", reason, instead)


def expand(source: Template) -> Template:
    """Return a template as plain CloudFormation, as a stack with the default parameters has it.

    Each function and layer has the same code.
    """
    kinds = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
    code = {name: ("bucket", "key") for name, each in source["Resources"].items() if each["Type"] in kinds}
    expanded = template.expand(source, code, {})
    defaults = {name: str(each.get("Default")) for name, each in expanded.get("Parameters", {}).items()}
    conditions = expanded.get("Conditions", {})
    expanded["Resources"] = _with_defaults(expanded["Resources"], conditions, defaults)
    return expanded


def _with_defaults(value: Any, conditions: Mapping[str, Any], defaults: Mapping[str, str]) -> Any:
    """Return a value with each `Fn::If` replaced by what it is with the defaults of the parameters."""
    match value:
        case {"Fn::If": [condition, yes, no]}:
            chosen = yes if _holds({"Condition": condition}, conditions, defaults) else no
            return _with_defaults(chosen, conditions, defaults)
        case dict():
            chosen = {name: _with_defaults(each, conditions, defaults) for name, each in value.items()}
            return {name: each for name, each in chosen.items() if each != {"Ref": "AWS::NoValue"}}
        case list():
            return [_with_defaults(each, conditions, defaults) for each in value]
    return value


def _holds(condition: Any, conditions: Mapping[str, Any], defaults: Mapping[str, str]) -> bool:
    """Return whether a condition is true with the defaults. A pseudo parameter is compared by its name."""
    match condition:
        case {"Condition": name}:
            return _holds(conditions[name], conditions, defaults)
        case {"Fn::Not": [negated]}:
            return not _holds(negated, conditions, defaults)
        case {"Fn::And": parts}:
            return all(_holds(each, conditions, defaults) for each in parts)
        case {"Fn::Or": parts}:
            return any(_holds(each, conditions, defaults) for each in parts)
        case {"Fn::Equals": [left, right]}:
            one, other = (
                defaults.get(each["Ref"], each["Ref"]) if isinstance(each, dict) and "Ref" in each else each
                for each in (left, right)
            )
            return str(one) == str(other)
    raise ValueError(f"Unknown condition: {condition}")


# --- parameters and outputs ------------------------------------------------------------------------------------------


def _parameters(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    for name in sorted(old.keys() - new.keys()):
        yield Finding(
            Effect.REFUSED,
            name,
            "the parameter is gone.",
            "A deployment that still sets it, for example in samconfig.toml, fails: the parameter does not exist.",
            "Keep it for one release, say in its description that it has no effect, and name it in CHANGELOG.md.",
        )
    for name in sorted(new.keys() - old.keys()):
        if "Default" not in new[name]:
            yield Finding(
                Effect.REFUSED,
                name,
                "the new parameter has no default.",
                "An update that does not set it fails.",
                "Give it a default that changes nothing.",
            )
    for name in sorted(old.keys() & new.keys()):
        yield from _parameter(name, old[name], new[name])


def _parameter(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    narrower = []
    if old.get("Type") != new.get("Type"):
        narrower.append(f"its type is {new.get('Type')}, not {old.get('Type')}")
    if "AllowedValues" in new and (
        lost := [each for each in old.get("AllowedValues", ["any other value"]) if each not in new["AllowedValues"]]
    ):
        narrower.append(f"it does not accept {', '.join(map(str, lost))}")
    if "AllowedPattern" in new and old.get("AllowedPattern") != new["AllowedPattern"]:
        narrower.append(f"its pattern is {new['AllowedPattern']}")
    for bound, sign in (("MinValue", 1), ("MinLength", 1), ("MaxValue", -1), ("MaxLength", -1)):
        if bound in new and (bound not in old or sign * float(new[bound]) > sign * float(old[bound])):
            narrower.append(f"its {bound} is {new[bound]}")
    if narrower:
        yield Finding(
            Effect.REFUSED,
            name,
            f"the parameter changed: {'; '.join(narrower)}.",
            "An update of a stack whose value does not fit fails.",
            "Accept what was accepted before. Or check the values of your stacks, and name the change in CHANGELOG.md.",
        )
    if old.get("Default") != new.get("Default"):
        yield Finding(
            Effect.NOTE,
            name,
            f"the default is {new.get('Default')!r}, not {old.get('Default')!r}.",
            "`sam deploy` keeps the value of a deployed stack; only new stacks get the default.",
            "Name the change in CHANGELOG.md, with the parameter override for existing stacks.",
        )


def _outputs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    for name, output in sorted(old.items()):
        export = output.get("Export", {}).get("Name")
        if export is not None and new.get(name, {}).get("Export", {}).get("Name") != export:
            yield Finding(
                Effect.REFUSED,
                name,
                "the exported output is gone or has another name.",
                "CloudFormation refuses the update while another stack imports it.",
                "Export the new name beside the old one until no stack imports it: `aws cloudformation list-imports`.",
            )
        elif name not in new:
            yield Finding(
                Effect.BREAKS,
                name,
                "the output is gone.",
                "Operator commands and scripts read outputs by name.",
                "Keep it, or name the change in CHANGELOG.md.",
            )


# --- routes ----------------------------------------------------------------------------------------------------------


def routes(resources: Mapping[str, Resource]) -> dict[str, bool]:
    """Return the route keys of the HTTP APIs of an expanded template, and whether each has settings of its own."""
    limited = {
        key
        for each in resources.values()
        if each["Type"] == "AWS::ApiGatewayV2::Stage"
        for key in each["Properties"].get("RouteSettings", {})
    }
    keys = {
        route["Properties"]["RouteKey"]
        for name, each in resources.items()
        if each["Type"] == "AWS::ApiGatewayV2::Api"
        for route in template.native_routes(name, each["Properties"]["Body"]).values()
        if route["Type"] == "AWS::ApiGatewayV2::Route"
    }
    return {key: key in limited for key in sorted(keys | limited)}


def _routes(old: Mapping[str, Resource], new: Mapping[str, Resource]) -> Iterator[Finding]:
    before, after = routes(old), routes(new)
    for key, has_settings in before.items():
        if key not in after and has_settings:
            # github.com/aws/serverless-application-model/issues/1939
            yield Finding(
                Effect.REFUSED,
                key,
                "the route is gone or renamed, and it had settings of its own.",
                "API Gateway rejects the update of the stage: it still has the settings of a route that no longer exists.",
                "Keep the route for one release. Or delete its settings right before the update: docs/runbook.md, "
                '"A route with settings was removed".',
            )
        elif key not in after:
            yield Finding(
                Effect.BREAKS,
                key,
                "the route is gone or renamed.",
                "Clients that call it receive 404.",
                "Keep it until no client calls it, and name the change in CHANGELOG.md.",
            )
        elif has_settings and not after[key]:
            yield Finding(
                Effect.NOTE,
                key,
                "the route lost its settings.",
                "A deployed stage may keep them.",
                "Check `aws apigatewayv2 get-stage` after the update; `delete-route-settings` removes them.",
            )


# --- resources -------------------------------------------------------------------------------------------------------


def _resources(old: Mapping[str, Resource], new: Mapping[str, Resource]) -> Iterator[Finding]:
    added = {name for name in new if name not in old}
    for name, before in sorted(old.items()):
        after = new.get(name)
        if before["Type"] in _DERIVED:
            continue
        if after is None:
            yield _removed(name, before, [each for each in sorted(added) if _is_renamed(before, new[each])])
        elif before["Type"] != after["Type"]:
            yield Finding(
                Effect.REFUSED,
                name,
                f"the resource is a {after['Type']}, not a {before['Type']}.",
                "CloudFormation does not change the type of a resource.",
                "Give the new resource another logical ID.",
            )
        else:
            yield from _changed(name, before, after)


def _is_renamed(before: Resource, after: Resource) -> bool:
    """Return whether two resources differ in their logical ID only, and functions in their generated role."""
    old, new = ({**each.get("Properties", {}), "Role": None} for each in (before, after))
    return bool(before["Type"] == after["Type"] and old == new)


def _removed(name: str, before: Resource, renamed: list[str]) -> Finding:
    kind, loss = before["Type"], _LOSSES.get(before["Type"])
    change = f"the {kind} is now called {renamed[0]}." if renamed else f"the {kind} is gone."
    effect = Effect.NOTE if loss is None else Effect.REPLACED if renamed else Effect.DELETED
    if loss is not None and before.get("DeletionPolicy") in _RETAINED:
        return Finding(
            effect,
            name,
            change,
            f"It is kept, but no longer belongs to the stack: an operator has to manage it. It holds {loss}.",
            'Keep the logical ID. To give a kept resource a new one, import it: docs/runbook.md, "The stack was deleted".',
        )
    lost = f"This loses {loss}." if loss is not None else "It has no data."
    return Finding(
        effect,
        name,
        change,
        f"CloudFormation deletes it. {lost}",
        "Keep the logical ID, unless the resource is no longer needed.",
    )


def _changed(name: str, before: Resource, after: Resource) -> Iterator[Finding]:
    kind, loss = before["Type"], _LOSSES.get(before["Type"])
    old, new = before.get("Properties", {}), after.get("Properties", {})
    yield from _weaker_protection(name, before, after)
    fixed, identifier = _fixed_properties(kind)
    if (changed := [path for path in fixed if _at(old, path) != _at(new, path)]) and loss is not None:
        change = f"{', '.join(path.replace('/', '.') for path in changed)} changed."
        if all(path in fixed and old.get(path) and old.get(path) == new.get(path) for path in identifier):
            yield Finding(
                Effect.REFUSED,
                name,
                change,
                f"CloudFormation would create another {kind} with the same name, which is already in use.",
                "Leave the property as it is.",
            )
        else:
            kept = "keeps" if before.get("UpdateReplacePolicy") in _RETAINED else "deletes"
            yield Finding(
                Effect.REPLACED,
                name,
                change,
                f"CloudFormation creates another {kind} and {kept} the old one. Lost to the stack: {loss}.",
                "Leave the property as it is.",
            )
    match kind:
        case "AWS::DynamoDB::Table":
            yield from _table(name, old, new)
        case "AWS::Cognito::UserPool":
            yield from _user_pool(name, old, new)
        case "AWS::SecretsManager::Secret" if any(
            old.get(each) != new.get(each) for each in ("GenerateSecretString", "SecretString")
        ):
            # A changed GenerateSecretString generates a new value: the reason for the construct @matthewbonig/secret.
            yield Finding(
                Effect.REPLACED,
                name,
                "the way in which its value is generated changed.",
                "CloudFormation generates a new value. All open share links stop working.",
                'Leave it as it is. Add keys by the steps of docs/runbook.md, "Key rotation".',
            )


def _weaker_protection(name: str, before: Resource, after: Resource) -> Iterator[Finding]:
    if (loss := _LOSSES.get(before["Type"])) is None:
        return
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        if before.get(policy) in _RETAINED and after.get(policy) not in _RETAINED:
            yield Finding(
                Effect.DELETED,
                name,
                f"{policy} is {after.get(policy, 'Delete')}, not {before[policy]}.",
                f"The next deletion or replacement loses {loss}.",
                f"Keep {before[policy]}.",
            )
    if after.get("Condition") != before.get("Condition") and "Condition" in after:
        yield Finding(
            Effect.DELETED,
            name,
            f"it exists only under the condition {after['Condition']}.",
            f"A stack for which the condition is false loses {loss}.",
            "Make sure that the condition is true with the defaults of the parameters.",
        )


def _table(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    before, after = (
        {each["IndexName"]: each for each in properties.get("GlobalSecondaryIndexes", [])} for properties in (old, new)
    )
    # docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
    if len(changed := sorted(before.keys() ^ after.keys())) > 1:
        yield Finding(
            Effect.REFUSED,
            name,
            f"more than one index is added or removed: {', '.join(changed)}.",
            "DynamoDB creates or deletes one index at a time, so CloudFormation refuses the update.",
            "Change one index in each release.",
        )
    for index in sorted(before.keys() & after.keys()):
        if any(before[index].get(each) != after[index].get(each) for each in ("KeySchema", "Projection")):
            yield Finding(
                Effect.REFUSED,
                name,
                f"the keys or the projection of the index {index} changed.",
                "DynamoDB cannot change them.",
                "Add an index with another name; remove the old one in a later release.",
            )
    types = [
        {each["AttributeName"]: each["AttributeType"] for each in t.get("AttributeDefinitions", [])} for t in (old, new)
    ]
    for attribute in sorted(types[0].keys() & types[1].keys()):
        if types[0][attribute] != types[1][attribute]:
            yield Finding(
                Effect.REFUSED,
                name,
                f"the type of the key attribute {attribute} changed.",
                "DynamoDB cannot change it.",
                "Add an attribute with another name.",
            )
    if old.get("StreamSpecification") != new.get("StreamSpecification"):
        yield Finding(
            Effect.REPLACED,
            name,
            "the stream changed.",
            "The table gets another stream, and its readers continue with the new one. Records that they have not read are lost.",
            'Wait until `IteratorAge` is 0, and run the steps of docs/runbook.md, "The stream stopped for days".',
        )


def _user_pool(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    changed = [each for each in _FIXED_IN_USER_POOL if old.get(each) != new.get(each)]
    before, after = ({each["Name"]: each for each in properties.get("Schema", [])} for properties in (old, new))
    changed += [f"the attribute {each}" for each, schema in sorted(before.items()) if after.get(each) != schema]
    changed += [f"the attribute {each}" for each in sorted(after.keys() - before.keys()) if after[each].get("Required")]
    if changed:
        yield Finding(
            Effect.REFUSED,
            name,
            f"{', '.join(changed)} changed.",
            "Amazon Cognito fixes it when a user pool is created.",
            "Leave it as it is. Otherwise add another user pool, and move the users to it.",
        )


@cache
def _fixed_properties(kind: str) -> tuple[list[str], list[str]]:
    """Return the properties whose change replaces a resource of a type, and those that identify it, as paths."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    fixed = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    return _paths(fixed), _paths(schema["primaryIdentifier"])


def _paths(pointers: Iterable[str]) -> list[str]:
    return [pointer.removeprefix("/properties/") for pointer in pointers]


def _at(properties: Any, path: str) -> Any:
    for part in path.split("/"):
        properties = properties.get(part) if isinstance(properties, dict) else None
    return properties


def _last_release() -> str:
    """Return the last tag before HEAD, or nothing."""
    # The tags of HEAD are this release. HEAD^ would miss a tag that a merge brings, and a root commit has none.
    here = [f"--exclude={tag}" for tag in _git("tag", "--points-at", "HEAD").splitlines()]
    return _git("describe", "--tags", "--abbrev=0", *here)


def _git(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
