"""`make release-check`: the effects of one change of the template at a time."""

import json
import os
import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from local import template
from tools import release_check
from tools.release_check import Effect, Finding

TEMPLATE = template.read()
EXPANDED = release_check.expand(deepcopy(TEMPLATE))
Change = Callable[[dict[str, Any]], object]


def properties(source: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = source["Resources"][name]["Properties"]
    return found


def rename_route(source: dict[str, Any], old: str, new: str, function: str, event: str) -> None:
    properties(source, function)["Events"][event]["Properties"]["Path"] = new
    settings = properties(source, "HttpApi")["RouteSettings"]
    for key in [key for key in settings if key.endswith(f" {old}")]:
        settings[key.replace(old, new)] = settings.pop(key)


def add_indexes(source: dict[str, Any], *names: str) -> None:
    table = properties(source, "Table")
    for name in names:
        table["AttributeDefinitions"].append({"AttributeName": name, "AttributeType": "S"})
        key = [{"AttributeName": name, "KeyType": "HASH"}]
        table["GlobalSecondaryIndexes"].append(
            {"IndexName": name, "KeySchema": key, "Projection": {"ProjectionType": "KEYS_ONLY"}}
        )


def rename(source: dict[str, Any], old: str, new: str) -> None:
    source["Resources"][new] = source["Resources"].pop(old)


def another_function(source: dict[str, Any]) -> dict[str, Any]:
    function = deepcopy(source["Resources"]["AccountFunction"])
    route = function["Properties"]["Events"]["Read"]
    route["Properties"]["Path"] = "/new"
    function["Properties"]["Events"] = {"Read": route}
    found: dict[str, Any] = function
    return found


def export(source: dict[str, Any], name: str) -> None:
    source["Outputs"]["TableName"]["Export"] = {"Name": name}


# The change, and the effects that it must be reported with. Each subject is the resource, route, parameter or output.
CHANGES: dict[str, tuple[Change, set[tuple[Effect, str]]]] = {
    "nothing": (lambda t: None, set()),
    "a secret generated in another way": (
        lambda t: properties(t, "LinkKeys")["GenerateSecretString"].update(PasswordLength=32),
        {(Effect.REPLACED, "LinkKeys")},
    ),
    "a secret renamed": (lambda t: properties(t, "LinkKeys").update(Name="keys"), {(Effect.REPLACED, "LinkKeys")}),
    "user names": (
        lambda t: properties(t, "UserPool").update(UsernameConfiguration={"CaseSensitive": "changed"}),
        {(Effect.REFUSED, "UserPool")},
    ),
    "sign-in by telephone number": (
        lambda t: properties(t, "UserPool").update(UsernameAttributes=["phone_number"]),
        {(Effect.REFUSED, "UserPool")},
    ),
    "a user attribute removed": (
        lambda t: properties(t, "UserPool")["Schema"].pop(),
        {(Effect.REFUSED, "UserPool")},
    ),
    "a user attribute changed": (
        lambda t: properties(t, "UserPool")["Schema"][0].update(Mutable=False),
        {(Effect.REFUSED, "UserPool")},
    ),
    "a required user attribute": (
        lambda t: properties(t, "UserPool")["Schema"].append({"Name": "name", "Required": True}),
        {(Effect.REFUSED, "UserPool")},
    ),
    "another custom attribute": (
        lambda t: properties(t, "UserPool")["Schema"].append({"Name": "level", "AttributeDataType": "String"}),
        set(),
    ),
    "a client with a secret": (
        lambda t: properties(t, "UserPoolClient").update(GenerateSecret=True),
        {(Effect.REPLACED, "UserPoolClient")},
    ),
    "one index": (lambda t: add_indexes(t, "by_a"), set()),
    "two indexes": (lambda t: add_indexes(t, "by_a", "by_b"), {(Effect.REFUSED, "Table")}),
    "an index renamed": (
        lambda t: properties(t, "Table")["GlobalSecondaryIndexes"][0].update(IndexName="by_user"),
        {(Effect.REFUSED, "Table")},
    ),
    "the projection of an index": (
        lambda t: properties(t, "Table")["GlobalSecondaryIndexes"][0].update(Projection={"ProjectionType": "ALL"}),
        {(Effect.REFUSED, "Table")},
    ),
    "the type of a key": (
        lambda t: properties(t, "Table")["AttributeDefinitions"][3].update(AttributeType="N"),
        {(Effect.REFUSED, "Table")},
    ),
    "the key schema": (lambda t: properties(t, "Table")["KeySchema"].pop(), {(Effect.REPLACED, "Table")}),
    "the table named": (lambda t: properties(t, "Table").update(TableName="gifts"), {(Effect.REPLACED, "Table")}),
    "the stream": (
        lambda t: properties(t, "Table")["StreamSpecification"].update(StreamViewType="KEYS_ONLY"),
        {(Effect.REPLACED, "Table")},
    ),
    "no retention": (lambda t: t["Resources"]["Table"].pop("DeletionPolicy"), {(Effect.DELETED, "Table")}),
    "no retention at replacement": (
        lambda t: t["Resources"]["FailedRecords"].update(UpdateReplacePolicy="Delete"),
        {(Effect.DELETED, "FailedRecords")},
    ),
    "a retained resource removed": (lambda t: t["Resources"].pop("FailedRecords"), {(Effect.DELETED, "FailedRecords")}),
    "a retained resource renamed": (lambda t: rename(t, "LinkKeys", "Keys"), {(Effect.REPLACED, "LinkKeys")}),
    "a queue removed": (lambda t: t["Resources"].pop("UnprojectedRecords"), {(Effect.DELETED, "UnprojectedRecords")}),
    "an alarm removed": (lambda t: t["Resources"].pop("ApiFails"), {(Effect.NOTE, "ApiFails")}),
    "a function named": (
        lambda t: properties(t, "SweepFunction").update(FunctionName="sweep"),
        {(Effect.REPLACED, "SweepFunction")},
    ),
    "the bus named": (lambda t: properties(t, "Bus").update(Name="events"), {(Effect.REPLACED, "Bus")}),
    "a type changed": (
        lambda t: t["Resources"]["AlarmTopic"].update(Type="AWS::SQS::Queue"),
        {(Effect.REFUSED, "AlarmTopic")},
    ),
    "a new condition": (
        lambda t: t["Resources"]["UnprojectedRecords"].update(Condition="Subscribed"),
        {(Effect.DELETED, "UnprojectedRecords")},
    ),
    "a parameter removed": (lambda t: t["Parameters"].pop("AlarmEmail"), {(Effect.REFUSED, "AlarmEmail")}),
    "a parameter without a default": (
        lambda t: t["Parameters"].update(Owner={"Type": "String"}),
        {(Effect.REFUSED, "Owner")},
    ),
    "a new parameter": (lambda t: t["Parameters"].update(Owner={"Type": "String", "Default": ""}), set()),
    "fewer values": (
        lambda t: t["Parameters"]["LogRetentionDays"]["AllowedValues"].remove(1),
        {(Effect.REFUSED, "LogRetentionDays")},
    ),
    "more values": (lambda t: t["Parameters"]["LogRetentionDays"]["AllowedValues"].append(2), set()),
    "values where any was allowed": (
        lambda t: t["Parameters"]["AlarmEmail"].update(AllowedValues=[""]),
        {(Effect.REFUSED, "AlarmEmail")},
    ),
    "another pattern": (
        lambda t: t["Parameters"]["WebUrl"].update(AllowedPattern="^https://.+$"),
        {(Effect.REFUSED, "WebUrl")},
    ),
    "a higher minimum": (
        lambda t: t["Parameters"]["ClaimWindowSeconds"].update(MinValue=60),
        {(Effect.REFUSED, "ClaimWindowSeconds")},
    ),
    "a lower minimum": (lambda t: t["Parameters"]["ClaimWindowSeconds"].update(MinValue=0), set()),
    "another maximum": (
        lambda t: t["Parameters"]["ThrottleRateLimit"].update(MaxValue=1000),
        {(Effect.REFUSED, "ThrottleRateLimit")},
    ),
    "another default": (
        lambda t: t["Parameters"]["ThrottleRateLimit"].update(Default=400),
        {(Effect.NOTE, "ThrottleRateLimit")},
    ),
    "an output removed": (lambda t: t["Outputs"].pop("BusName"), {(Effect.BREAKS, "BusName")}),
    "an output exported": (lambda t: export(t, "table"), set()),
}
# The same for changes that AWS's translator expands. Expanding takes most of the time of a test.
SOURCE_CHANGES: dict[str, tuple[Change, set[tuple[Effect, str]]]] = {
    "all that may change": (
        lambda t: (
            t["Globals"]["Function"].update(MemorySize=1024),
            properties(t, "CoreLayer").update(Description="Another."),
            t["Resources"].update(NewFunction=another_function(t)),
        ),
        set(),
    ),
    "a limited route renamed": (
        lambda t: rename_route(t, "/people/{handle}", "/users/{handle}", "DirectoryFunction", "Find"),
        {(Effect.REFUSED, "GET /people/{handle}")},
    ),
    "a limited route removed": (
        lambda t: (
            properties(t, "DirectoryFunction")["Events"].pop("Find"),
            properties(t, "HttpApi")["RouteSettings"].pop("GET /people/{handle}"),
        ),
        {(Effect.REFUSED, "GET /people/{handle}")},
    ),
    "a method changed": (
        lambda t: properties(t, "AccountFunction")["Events"]["Change"]["Properties"].update(Method="PUT"),
        {(Effect.BREAKS, "PATCH /me")},
    ),
    "a limit removed": (
        lambda t: properties(t, "HttpApi")["RouteSettings"].pop("GET /people/{handle}"),
        {(Effect.NOTE, "GET /people/{handle}")},
    ),
    "the start of a stream's reader": (
        lambda t: properties(t, "RestoreFunction")["Events"]["WindowRemoved"]["Properties"].update(
            StartingPosition="LATEST"
        ),
        {(Effect.REPLACED, "RestoreFunctionWindowRemoved")},
    ),
    "a function renamed": (
        lambda t: rename(t, "HealthFunction", "ScheduledHealthFunction"),
        {
            (Effect.REPLACED, "HealthFunction"),
            (Effect.NOTE, "HealthFunctionEveryFiveMinutes"),
            (Effect.NOTE, "HealthFunctionEventInvokeConfig"),
        },
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_reported_with_its_effect(change: str) -> None:
    apply, effects = CHANGES[change]
    after = deepcopy(EXPANDED)
    apply(after)
    assert effects_of(release_check.compare(EXPANDED, after)) == effects


@pytest.mark.parametrize("change", SOURCE_CHANGES)
def test_a_change_of_the_source_is_reported_with_its_effect(change: str) -> None:
    apply, effects = SOURCE_CHANGES[change]
    after = deepcopy(TEMPLATE)
    apply(after)
    assert effects_of(release_check.compare(EXPANDED, release_check.expand(after))) == effects


def effects_of(findings: list[Finding]) -> set[tuple[Effect, str]]:
    return {(finding.effect, finding.subject) for finding in findings}


def test_no_route_with_settings_of_the_last_release_is_gone() -> None:
    # An update would be refused. Run `make released-routes` only for a release after the routes were without settings.
    released = json.loads(release_check.RELEASED_ROUTES.read_text())
    assert released
    assert set(released) <= release_check.routes(EXPANDED["Resources"]).keys()


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}, True),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}, False),
        ({"Fn::And": [{"Condition": "OwnUserPool"}, {"Condition": "Subscribed"}]}, False),
        ({"Fn::Or": [{"Condition": "OwnUserPool"}, {"Condition": "Subscribed"}]}, True),
        ({"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}, False),
    ],
)
def test_a_property_under_a_condition_is_compared_as_it_is_with_the_defaults(condition: Any, holds: bool) -> None:
    source = deepcopy(TEMPLATE) | {"Resources": {"Table": deepcopy(TEMPLATE["Resources"]["Table"])}, "Outputs": {}}
    before = release_check.expand(deepcopy(source))
    source["Conditions"]["Tried"] = condition
    properties(source, "Table")["TableName"] = {"Fn::If": ["Tried", "gifts", {"Ref": "AWS::NoValue"}]}
    findings = release_check.compare(before, release_check.expand(source))
    assert effects_of(findings) == ({(Effect.REPLACED, "Table")} if holds else set())


def test_the_link_keys_are_generated_as_in_the_last_release() -> None:
    # With any change, an update generates another value, and no open share link works any more.
    assert properties(TEMPLATE, "LinkKeys")["GenerateSecretString"] == {
        "SecretStringTemplate": '{"current": "1"}',
        "GenerateStringKey": "1",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }


def test_the_readers_of_the_stream_may_read_that_of_a_recovered_table() -> None:
    stream = {"Fn::Sub": "${Table.Arn}/stream/*"}
    for role, mapping in (
        ("RestoreRole", "RestoreFunctionWindowRemoved"),
        ("ProjectorRole", "ProjectorFunctionWritten"),
    ):
        (policy,) = properties(EXPANDED, role)["Policies"]
        resources = {each["Sid"]: each["Resource"] for each in policy["PolicyDocument"]["Statement"]}
        assert resources["ReadStream"] == stream
        assert properties(EXPANDED, mapping)["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    source = deepcopy(TEMPLATE)
    source["Parameters"]["TableStreamArn"]["Default"] = "arn:aws:dynamodb:eu-central-1:123456789012:table/t/stream/2"
    recovered = release_check.expand(source)
    for mapping in ("RestoreFunctionWindowRemoved", "ProjectorFunctionWritten"):
        assert properties(recovered, mapping)["EventSourceArn"] != {"Fn::GetAtt": ["Table", "StreamArn"]}


def test_a_dashboard_is_named_for_one_region_because_dashboards_are_global() -> None:
    assert properties(TEMPLATE, "Dashboard")["DashboardName"] == {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}


def test_an_exported_output_cannot_get_another_name() -> None:
    before, after = deepcopy(EXPANDED), deepcopy(EXPANDED)
    export(before, "table")
    export(after, "another")
    assert [finding.effect for finding in release_check.compare(before, after)] == [Effect.REFUSED]


def test_a_resource_with_a_name_of_its_own_cannot_be_replaced() -> None:
    before = deepcopy(EXPANDED)
    properties(before, "Table")["TableName"] = "gifts"
    after = deepcopy(before)
    properties(after, "Table")["KeySchema"].pop()
    assert [finding.effect for finding in release_check.compare(before, after)] == [Effect.REFUSED]


def test_the_report_is_read_by_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    changed = deepcopy(TEMPLATE)
    properties(changed, "LinkKeys")["GenerateSecretString"]["PasswordLength"] = 32
    monkeypatch.setattr(template, "read", lambda: changed)
    assert release_check.main("HEAD") == 1
    out = capsys.readouterr().out
    assert "REPLACED LinkKeys: the way in which its value is generated changed." in out
    assert "Instead: " in out


def test_without_a_release_to_compare_with_nothing_is_claimed(capsys: pytest.CaptureFixture[str]) -> None:
    assert release_check.main("no-such-tag") == 2
    assert "REF=" in capsys.readouterr().err


def test_accepted_effects_are_reported_and_do_not_fail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = deepcopy(TEMPLATE)
    properties(changed, "LinkKeys")["GenerateSecretString"]["PasswordLength"] = 32
    monkeypatch.setattr(template, "read", lambda: changed)
    assert release_check.main("HEAD", accepts_effects=True) == 0
    out = capsys.readouterr().out
    assert "REPLACED LinkKeys" in out
    assert "accepted" in out
    assert release_check.main("no-such-tag", accepts_effects=True) == 2


# --- the last release ------------------------------------------------------------------------------------------------


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that runs git in a repository with one commit, which the check takes for this one."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false")

    def run(*arguments: str) -> None:
        command = ["git", *identity, *arguments]
        subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)

    monkeypatch.setattr(release_check, "ROOT", tmp_path)
    monkeypatch.setattr(release_check, "expand", lambda source: source)
    monkeypatch.setattr(template, "read", lambda: {"Resources": {}})
    (tmp_path / "template.yaml").write_text("Resources: {}\n")
    run("init", "--initial-branch=main")
    run("add", "template.yaml")
    run("commit", "--message=Start")
    return run


def commit(git: Callable[..., None]) -> None:
    git("commit", "--allow-empty", "--message=Continue")


POLICIES = json.loads(release_check._POLICIES_NOW.read_text())


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda new: None, []),
        (lambda new: new["eu"].append({"version": 2, "rules": {}}), []),
        (lambda new: new.update(another=[]), []),
        (lambda new: new["eu"][0]["rules"].update(another={"value": 1, "source": "x"}), []),
        (lambda new: new["eu"][0]["rules"]["decline"].update(source="corrected"), []),
        (lambda new: new["eu"][0]["rules"]["decline"].update(value=False), ["decline"]),
        (lambda new: new["eu"][0]["rules"].pop("decline"), ["decline"]),
        (lambda new: new["eu"].pop(), ["version"]),
        (lambda new: new.pop("eu"), ["version"]),
    ],
)
def test_a_released_version_of_a_policy_stays(change: Change, broken: list[str]) -> None:
    new = deepcopy(POLICIES)
    change(new)
    found = list(release_check.compare_policies(POLICIES, new))
    assert [finding.subject for finding in found] == ["policy eu@1"] * len(broken)
    assert all(word in finding.change for word, finding in zip(broken, found, strict=True))
    assert all(finding.effect is Effect.BREAKS for finding in found)


def test_a_first_release_passes(git: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    assert release_check.main("") == 0
    assert "No earlier release" in capsys.readouterr().out
    git("tag", "v1")
    assert release_check.main("") == 0
    assert "No earlier release" in capsys.readouterr().out


def test_without_any_tag_a_later_commit_passes(git: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    commit(git)
    assert release_check.main("") == 0
    assert "No earlier release" in capsys.readouterr().out


def test_a_release_is_compared_with_the_one_before_it(
    git: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    git("tag", "v1")
    commit(git)
    assert release_check.main("") == 0
    assert "Compared with v1:" in capsys.readouterr().out
    git("tag", "v2")
    git("tag", "--annotate", "v2-again", "--message=The same commit")
    assert release_check.main("") == 0
    assert "Compared with v1:" in capsys.readouterr().out
    commit(git)
    assert release_check.main("") == 0
    assert "Compared with v2" in capsys.readouterr().out


def test_a_release_that_a_merge_brings_is_found(git: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-b", "release")
    commit(git)
    git("tag", "v1")
    git("checkout", "main")
    git("merge", "--no-ff", "--message=Merge", "release")
    assert release_check.main("") == 0
    assert "Compared with v1:" in capsys.readouterr().out


def test_a_clone_without_its_history_is_not_taken_for_one_without_releases(
    git: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git("tag", "v1")
    commit(git)
    git("clone", "--depth=1", "--no-tags", f"file://{tmp_path}", "clone")
    monkeypatch.setattr(release_check, "ROOT", tmp_path / "clone")
    assert release_check.main("") == 2
    assert "REF=" in capsys.readouterr().err
