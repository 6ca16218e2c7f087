"""The template with which a new stack takes up what a deleted one left."""

import json
from pathlib import Path
from typing import Any

import pytest

from local import template
from tools import import_template
from tools.import_template import UnknownResource

SOURCE = template.read()
KEPT = {
    "Table": ("TableName", "handsel-Table-1"),
    "LinkKeys": ("Id", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:LinkKeys-1"),
    "FailedRecords": ("BucketName", "handsel-failedrecords-1"),
    "UserPool": ("UserPoolId", "eu-central-1_a"),
}


@pytest.fixture
def built() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return import_template.build(SOURCE, {name: identifier for name, (_, identifier) in KEPT.items()})


def test_these_resources_stay_when_the_stack_is_deleted() -> None:
    # docs/deploying.md, "Remove everything", and docs/runbook.md, "The stack was deleted", name each of them.
    assert set(import_template.kept_resources(SOURCE)) == set(KEPT)
    for page in ("deploying.md", "runbook.md"):
        text = (import_template.ROOT / "docs" / page).read_text()
        assert {name for name in KEPT if f"`{name}`" not in text} == set(), page


def test_every_imported_resource_has_a_deletion_policy_and_its_identifier(
    built: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    imported, resources = built
    assert {each["DeletionPolicy"] for each in imported["Resources"].values()} == {"Retain"}
    assert {each["LogicalResourceId"]: each["ResourceIdentifier"] for each in resources} == {
        name: {key: identifier} for name, (key, identifier) in KEPT.items()
    }
    # Import accepts neither macros nor outputs, and the request 51,200 bytes.
    assert imported.keys() == {"AWSTemplateFormatVersion", "Parameters", "Conditions", "Resources"}
    assert len(json.dumps(imported, indent=1)) < 51_200


def test_the_next_deployment_changes_no_property_of_the_secret_and_the_table(
    built: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    for name in ("LinkKeys", "Table", "FailedRecords"):
        assert built[0]["Resources"][name]["Properties"] == SOURCE["Resources"][name]["Properties"]


def test_a_property_that_refers_to_the_rest_of_the_stack_is_left_out() -> None:
    pool = SOURCE["Resources"]["UserPool"]
    changed = SOURCE["Resources"] | {
        "UserPool": pool
        | {"Properties": pool["Properties"] | {"LambdaConfig": {"PreSignUp": {"Fn::Sub": "${SweepFunction.Arn}"}}}}
    }
    imported, _ = import_template.build(SOURCE | {"Resources": changed}, {"UserPool": "eu-central-1_a"})
    assert imported["Resources"]["UserPool"]["Properties"] == pool["Properties"]


@pytest.mark.parametrize("identifiers", [{}, {"Bus": "handsel-events"}])
def test_other_resources_are_rejected(identifiers: dict[str, str]) -> None:
    with pytest.raises(UnknownResource, match="A deleted stack leaves Table, "):
        import_template.build(SOURCE, identifiers)


def test_the_files_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(import_template, "ROOT", tmp_path)
    monkeypatch.setattr(import_template, "FOLDER", tmp_path / "import")
    assert import_template.main(["Table=handsel-Table-1"]) == 0
    assert json.loads((tmp_path / "import" / "resources.json").read_text())[0]["LogicalResourceId"] == "Table"
    assert import_template.main(["Table"]) == 2
    assert "KEPT=" in capsys.readouterr().err
