"""The smoke test and preflight, as operators run them, on a local stack whose engine enforces the roles of the functions."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from local.settings import REGION, ROOT
from ops.smoke import users
from ops.smoke.story import STEPS
from tests.e2e.conftest import Running, run_stack
from tests.e2e.user_pool import call_user_pool, expect_ok, require_two_step

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from run_stack(tmp_path_factory.mktemp("smoke"), stream=True)


def run(running: Running, *command: str, **environ: str) -> tuple[int, str]:
    """Run an operators' command on the stack. Return its exit status and its output."""
    variables = {**os.environ, "LOCAL_DIR": str(running.folder), **environ}
    done = subprocess.run(
        [sys.executable, "-m", "local.ops", *command],
        env=variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def list_users(running: Running) -> list[object]:
    """Return the users of the test that are in the user pool."""
    pool = running.aws("cognito-idp").list_users(UserPoolId=running.physical("UserPool"), Limit=60)
    return [user for user in pool["Users"] if users.PREFIX in json.dumps(user["Attributes"])]


def test_the_story_passes_and_leaves_no_users_and_a_consistent_table(running: Running) -> None:
    status, output = run(running, "smoke")
    assert status == 0, output
    assert output.count(" ok ") == len(STEPS) + len({function for step in STEPS for function in step.functions})
    assert "skipped" not in output
    assert list_users(running) == []
    status, output = run(running, "audit", "--recheck-after", "5")
    assert status == 0, output


def test_a_run_that_is_terminated_cleans_up(running: Running) -> None:
    command = [sys.executable, "-m", "local.ops", "smoke"]
    environ = {**os.environ, "LOCAL_DIR": str(running.folder)}
    with subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "buy parcels" in line:
                process.terminate()
                break
        output = process.stdout.read()
    assert process.returncode != 0
    assert "not cleaned up" not in output
    assert list_users(running) == []
    items = running.aws("dynamodb").scan(TableName=running.stack["table_name"])["Items"]
    stocks = [
        item["stock"]["N"]
        for item in items
        if item["sk"]["S"] == "PRODUCT" and item["product_id"]["S"].startswith(users.PREFIX)
    ]
    assert stocks != []
    assert set(stocks) == {"0"}


def test_a_missing_statement_is_named(running: Running) -> None:
    iam, role = running.aws("iam"), running.physical("ClaimFunctionRole")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    broken = {**policy, "Statement": [each for each in policy["Statement"] if each["Sid"] != "UpdateGiftsAndOrders"]}
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(broken))
    try:
        status, output = run(running, "smoke")
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    assert status == 1, output
    assert "FAILED  ClaimFunction" in output
    assert "The role of ClaimFunction does not allow a call to AWS." in output
    assert "ClientError TransactWriteItems AccessDeniedException" in output
    assert "UpdateGiftsAndOrders" in output
    assert "not cleaned up" not in output


def test_users_set_up_an_authenticator_app_where_it_is_required(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine lets users in without an app, so their calls go to the local sign-in, as those of the pages."""
    engine, pool = running.aws("cognito-idp"), running.physical("UserPool")

    class Cognito:
        def __getattr__(self, name: str) -> Any:
            if name.startswith("admin_"):
                return getattr(engine, name)
            operation = "".join(word.title() for word in name.split("_"))
            return lambda **body: expect_ok(call_user_pool(running, operation, **body))

    monkeypatch.setattr(users, "create_client", lambda _: Cognito())
    require_two_step(running, "ON")
    try:
        with users.made_users(pool, running.physical("UserPoolClient"), "0a1b2c3d", print) as made:
            assert [user.claims["name"] for user in made.values()] == [f"Smoke test {role}" for role in users.ROLES]
    finally:
        # As `make up` starts a stack.
        require_two_step(running, "OPTIONAL")


def test_tokens_of_another_provider_replace_the_users_of_the_pool(running: Running) -> None:
    tokens = {f"SMOKE_TOKEN_{role}": running.stack["users"]["alice"]["token"] for role in ("GIVER", "FRIEND")}
    status, output = run(running, "smoke", **tokens)
    assert (status, "Set SMOKE_TOKEN_OTHER, SMOKE_TOKEN_MERCHANT, SMOKE_TOKEN_CARRIER too" in output) == (2, True), (
        output
    )


def test_preflight_reads_what_the_engine_has_and_explains_the_rest(running: Running) -> None:
    status, output = run(running, "preflight")
    assert status == 0, output
    assert f"region {REGION}" in output
    assert "handsel: CREATE_COMPLETE" in output
    assert "gifts per second" in output
    assert "servicequotas:GetServiceQuota of cognito-idp L-026ADBA3" in output
    assert "Traceback" not in output
