"""Sign-up and sign-in as the pages do it: plain HTTP, on the origin of the API."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local import challenges, template, users
from tests.e2e.conftest import Running
from tests.e2e.user_pool import (
    NEW_PASSWORD,
    PASSWORD,
    TEMPORARY,
    call_user_pool,
    code_for,
    create_user,
    error_type_of,
    expect_ok,
    one_time_code,
    renew,
    require_two_step,
    respond,
    set_up_app,
    sign_in,
    tokens_of,
    wrong_code,
)

pytestmark = pytest.mark.e2e


def sign_in_options(live: Running) -> dict[str, Any]:
    return expect_ok(httpx.get(f"{live.stack['web_url']}/sign-in"))


def sign_up(live: Running, name: str) -> str:
    """Sign up a new user without confirmation, and return the email address."""
    email = f"{name}@example.com"
    attributes = {"email": email, "name": name.title(), "preferred_username": name}
    expect_ok(
        call_user_pool(live, "SignUp", Username=email, Password=PASSWORD,
            UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()])
    )  # fmt: skip
    return email


def get_profile(live: Running, token: str) -> dict[str, Any]:
    return expect_ok(httpx.get(f"{live.stack['api_url']}/me", headers={"authorization": f"Bearer {token}"}))


def test_a_new_user_signs_up_confirms_the_address_and_has_a_handle(live: Running) -> None:
    email = sign_up(live, "signer")
    assert error_type_of(sign_in(live, email, PASSWORD)) == "UserNotConfirmedException"
    assert (
        error_type_of(call_user_pool(live, "ConfirmSignUp", Username=email, ConfirmationCode="000000"))
        == "CodeMismatchException"
    )
    assert live.item("HANDLE", "signer") is None
    expect_ok(call_user_pool(live, "ResendConfirmationCode", Username=email))
    expect_ok(call_user_pool(live, "ConfirmSignUp", Username=email, ConfirmationCode=code_for(live, email)))
    # The trigger created the account; the user has not called yet.
    assert live.item("HANDLE", "signer") is not None
    tokens = expect_ok(sign_in(live, email, PASSWORD))["AuthenticationResult"]
    profile = get_profile(live, tokens["IdToken"])
    assert (profile["handle"], profile["display_name"]) == ("signer", "Signer")


def test_a_session_is_extended_with_the_refresh_token(live: Running) -> None:
    tokens = expect_ok(sign_in(live, "alice@example.com", users.PASSWORD))["AuthenticationResult"]
    fresh = expect_ok(renew(live, tokens["RefreshToken"]))
    assert (
        get_profile(live, fresh["AuthenticationResult"]["IdToken"])["user_id"]
        == live.stack["users"]["alice"]["user_id"]
    )
    assert "RefreshToken" not in fresh["AuthenticationResult"]


def test_a_forgotten_password_is_replaced_with_a_code_from_the_mail(live: Running) -> None:
    email = sign_up(live, "forgetful")
    expect_ok(call_user_pool(live, "ConfirmSignUp", Username=email, ConfirmationCode=code_for(live, email)))
    expect_ok(call_user_pool(live, "ForgotPassword", Username=email))
    changed = {"Username": email, "Password": NEW_PASSWORD}
    assert (
        error_type_of(call_user_pool(live, "ConfirmForgotPassword", ConfirmationCode="000000", **changed))
        == "CodeMismatchException"
    )
    expect_ok(call_user_pool(live, "ConfirmForgotPassword", ConfirmationCode=code_for(live, email), **changed))
    assert error_type_of(sign_in(live, email, PASSWORD)) == "NotAuthorizedException"
    expect_ok(sign_in(live, email, NEW_PASSWORD))


def test_the_demo_users_can_be_signed_in_directly(live: Running) -> None:
    found = {each["name"]: each for each in sign_in_options(live)["users"]}
    roles = {name: each["role"] for name, each in found.items()}
    friends = dict.fromkeys(("alice", "bob", "carol", "dave"))
    assert roles == {**friends, "mia": "merchant", "max": "merchant", "carl": "carrier"}
    for name, each in found.items():
        assert set(each) == {"name", "display_name", "role", "token"}
        profile = get_profile(live, each["token"])
        assert (profile["user_id"], profile["display_name"]) == (live.stack["users"][name]["user_id"], name.title())
        assert each["display_name"] == name.title()


def test_only_public_operations_of_the_user_pool_are_forwarded(live: Running) -> None:
    username = {"UserPoolId": live.physical("UserPool"), "Username": "alice@example.com"}
    assert error_type_of(call_user_pool(live, "AdminGetUser", **username)) == "MissingAuthenticationTokenException"
    url = f"{live.stack['web_url']}/sign-in"
    headers = {"x-amz-target": "DynamoDB_20120810.ListTables"}
    assert error_type_of(httpx.post(url, content="{}", headers=headers)) == "UnknownOperationException"
    assert error_type_of(httpx.post(url, content="{}")) == "UnknownOperationException"
    assert httpx.post(url, content="x" * 70_000).status_code == 413
    assert httpx.put(url).status_code == 404


def test_a_user_of_an_administrator_chooses_a_password_and_has_the_role_and_name(live: Running) -> None:
    email = create_user(live, "hired", **{"custom:store_id": "store-of-hired"})
    live.aws("cognito-idp").admin_add_user_to_group(
        UserPoolId=live.physical("UserPool"), Username=email, GroupName="merchant"
    )
    challenge = expect_ok(sign_in(live, email, TEMPORARY))
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert challenge["ChallengeParameters"]["requiredAttributes"] == "[]"
    assert error_type_of(respond(live, challenge, NEW_PASSWORD="short")) == "InvalidPasswordException"
    chosen = {"NEW_PASSWORD": PASSWORD, "userAttributes.name": "Hired"}
    assert error_type_of(respond(live, challenge, session="unknown", **chosen)) == "NotAuthorizedException"
    claims = users.claims(expect_ok(respond(live, challenge, **chosen))["AuthenticationResult"]["IdToken"])
    assert (claims["name"], claims["custom:store_id"], claims["cognito:groups"]) == (
        "Hired",
        "store-of-hired",
        ["merchant"],
    )
    # A session answers one challenge.
    assert error_type_of(respond(live, challenge, **chosen)) == "NotAuthorizedException"
    assert error_type_of(sign_in(live, email, TEMPORARY)) == "NotAuthorizedException"
    tokens_of(live, email, PASSWORD)


def test_a_user_with_an_authenticator_app_needs_its_code(live: Running) -> None:
    live.new_users("careful")
    email = "careful@example.com"
    key = set_up_app(live, tokens_of(live, email, users.PASSWORD)["AccessToken"])
    challenge = expect_ok(sign_in(live, email, users.PASSWORD))
    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert "AuthenticationResult" not in challenge
    wrong = respond(live, challenge, SOFTWARE_TOKEN_MFA_CODE=wrong_code(key))
    assert error_type_of(wrong) == "CodeMismatchException"
    signed_in = expect_ok(respond(live, challenge, SOFTWARE_TOKEN_MFA_CODE=one_time_code(key)))
    # A session that is renewed needs no code.
    expect_ok(renew(live, signed_in["AuthenticationResult"]["RefreshToken"]))
    assert (
        error_type_of(respond(live, challenge, SOFTWARE_TOKEN_MFA_CODE=one_time_code(key))) == "NotAuthorizedException"
    )


@pytest.fixture
def required(live: Running) -> Iterator[None]:
    """Require two-step sign-in."""
    require_two_step(live, "ON")
    yield
    require_two_step(live, "OPTIONAL")


@pytest.mark.usefixtures("required")
def test_without_an_app_there_are_no_tokens_if_two_step_sign_in_is_required(live: Running) -> None:
    email = create_user(live, "newcomer", name="Newcomer")
    first = expect_ok(sign_in(live, email, TEMPORARY))
    challenge = expect_ok(respond(live, first, NEW_PASSWORD=PASSWORD))
    assert challenge["ChallengeName"] == "MFA_SETUP"
    assert challenge["ChallengeParameters"] == {"MFAS_CAN_SETUP": '["SOFTWARE_TOKEN_MFA"]'}
    assert error_type_of(respond(live, challenge, USERNAME=email)) == "InvalidParameterException"
    app = expect_ok(call_user_pool(live, "AssociateSoftwareToken", Session=challenge["Session"]))
    verify = {"Session": app["Session"], "UserCode": wrong_code(app["SecretCode"])}
    assert error_type_of(call_user_pool(live, "VerifySoftwareToken", **verify)) == "EnableSoftwareTokenMFAException"
    verify["UserCode"] = one_time_code(app["SecretCode"])
    verified = expect_ok(call_user_pool(live, "VerifySoftwareToken", **verify))
    assert verified["Status"] == "SUCCESS"
    tokens = expect_ok(respond(live, challenge, verified["Session"], USERNAME=email))["AuthenticationResult"]
    assert get_profile(live, tokens["IdToken"])["display_name"] == "Newcomer"
    assert expect_ok(sign_in(live, email, PASSWORD))["ChallengeName"] == "SOFTWARE_TOKEN_MFA"


def test_the_session_of_a_challenge_expires(live: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the class that the local stack uses, with the user pool of the stack and a session of no duration."""
    monkeypatch.setattr(challenges, "SESSION_SECONDS", 0)

    def call(operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = call_user_pool(live, operation, **request)
        return answer.status_code, answer.json()

    email = create_user(live, "slow")
    tested = challenges.Challenges(call, live.aws("cognito-idp"), live.physical("UserPool"))
    parameters = {"USERNAME": email, "PASSWORD": TEMPORARY}
    _, challenge = tested.answer("InitiateAuth", {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters})
    responses = {"USERNAME": email, "NEW_PASSWORD": PASSWORD}
    late = {key: challenge[key] for key in ("ChallengeName", "Session")} | {"ChallengeResponses": responses}
    status, body = tested.answer("RespondToAuthChallenge", late)
    assert (status, body["__type"]) == (400, "NotAuthorizedException")


def test_a_revoked_session_cannot_be_extended(live: Running) -> None:
    tokens = tokens_of(live, "bob@example.com", users.PASSWORD)
    others = tokens_of(live, "bob@example.com", users.PASSWORD)
    expect_ok(renew(live, tokens["RefreshToken"]))
    expect_ok(call_user_pool(live, "RevokeToken", Token=tokens["RefreshToken"]))
    assert error_type_of(renew(live, tokens["RefreshToken"])) == "NotAuthorizedException"
    # Only the session that signed out ends.
    expect_ok(renew(live, others["RefreshToken"]))


def test_a_password_that_an_administrator_reset_is_replaced_with_a_code(live: Running) -> None:
    live.new_users("forgotten")
    email = "forgotten@example.com"
    live.aws("cognito-idp").admin_reset_user_password(UserPoolId=live.physical("UserPool"), Username=email)
    assert error_type_of(sign_in(live, email, users.PASSWORD)) == "PasswordResetRequiredException"
    expect_ok(call_user_pool(live, "ForgotPassword", Username=email))
    expect_ok(
        call_user_pool(
            live, "ConfirmForgotPassword", Username=email, ConfirmationCode=code_for(live, email), Password=NEW_PASSWORD
        )
    )
    tokens_of(live, email, NEW_PASSWORD)


def test_the_letter_case_of_an_address_does_not_matter(live: Running) -> None:
    email = sign_up(live, "shouter")
    loud = email.upper()
    attributes = [{"Name": "email", "Value": loud}, {"Name": "name", "Value": "Shouter"}]
    again = call_user_pool(live, "SignUp", Username=loud, Password=PASSWORD, UserAttributes=attributes)
    assert error_type_of(again) == "UsernameExistsException"
    expect_ok(call_user_pool(live, "ConfirmSignUp", Username=loud, ConfirmationCode=code_for(live, email)))
    claims = users.claims(tokens_of(live, loud, PASSWORD)["IdToken"])
    assert claims["email"] == email


def test_tokens_of_the_local_stack_are_valid_for_a_day(live: Running) -> None:
    tokens = tokens_of(live, "alice@example.com", users.PASSWORD)
    for token in (tokens["IdToken"], tokens["AccessToken"]):
        claims = users.claims(token)
        assert claims["exp"] - claims["iat"] == 86_400
    assert users.claims(tokens["IdToken"])["exp"] > time.time()


RULES = [
    ({}, None),
    ({"JwtIssuer": "https://id.example.com", "JwtAudience": "app"}, None),
    ({"JwtIssuer": "https://id.example.com"}, "JwtIssuer needs JwtAudience"),
    ({"JwtAudience": "app"}, "JwtAudience needs JwtIssuer"),
    ({"SesIdentityArn": "arn:aws:ses:us-east-1:123456789012:identity/example.com", "MailFrom": "a@example.com"}, None),
    ({"SesIdentityArn": "arn:aws:ses:us-east-1:123456789012:identity/example.com"}, "SesIdentityArn needs MailFrom"),
    ({"MailFrom": "a@example.com"}, "MailFrom needs SesIdentityArn"),
]


def test_parameters_that_belong_together_are_refused_alone(live: Running) -> None:
    """Check the template's parameters and rules, in stacks of one resource."""
    source = template.read()
    body = {name: source[name] for name in ("Parameters", "Rules")}
    cloudformation = live.aws("cloudformation")

    def error_of(number: int, parameters: dict[str, str]) -> str | None:
        name = f"rules-{number}"
        try:
            cloudformation.create_stack(
                StackName=name,
                TemplateBody=json.dumps({**body, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}),
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            )
        except ClientError as error:
            return str(error)
        cloudformation.delete_stack(StackName=name)
        return None

    with ThreadPoolExecutor(len(RULES)) as pool:
        answers = list(pool.map(error_of, range(len(RULES)), [parameters for parameters, _ in RULES]))
    for (parameters, wanted), answer in zip(RULES, answers, strict=True):
        assert (wanted is None and answer is None) or (wanted and answer and wanted in answer), (parameters, answer)
