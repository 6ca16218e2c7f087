"""The user pool in the expanded template."""

from typing import Any

import pytest

from local import template
from local.settings import Settings
from tests.unit.test_local_template import expand

NO_VALUE = {"Ref": "AWS::NoValue"}
CUSTOM = {"custom:store_id", "custom:carrier"}
STANDARD = {
    *(
        "address",
        "birthdate",
        "email",
        "email_verified",
        "family_name",
        "gender",
        "given_name",
        "locale",
        "middle_name",
    ),
    *("name", "nickname", "phone_number", "phone_number_verified", "picture", "preferred_username", "profile"),
    *("updated_at", "website", "zoneinfo"),
}


@pytest.fixture(scope="module")
def expanded() -> dict[str, Any]:
    return expand(template.read())


@pytest.fixture(scope="module")
def pool(expanded: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = expanded["Resources"]["UserPool"]["Properties"]
    return properties


@pytest.fixture(scope="module")
def client(expanded: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = expanded["Resources"]["UserPoolClient"]["Properties"]
    return properties


def default(expanded: dict[str, Any], parameter: str) -> object:
    return expanded["Parameters"][parameter]["Default"]


def test_the_rules_of_the_parameters_are_deployed(expanded: dict[str, Any]) -> None:
    assert expanded["Rules"] == template.read()["Rules"]
    assert {"OwnProviderIsComplete", "MailSenderIsComplete"} <= expanded["Rules"].keys()


def test_emails_come_from_an_ses_identity_if_one_is_set(expanded: dict[str, Any], pool: dict[str, Any]) -> None:
    identity = {
        "EmailSendingAccount": "DEVELOPER",
        "SourceArn": {"Ref": "SesIdentityArn"},
        "From": {"Ref": "MailFrom"},
    }
    assert pool["EmailConfiguration"] == {"Fn::If": ["OwnMailSender", identity, NO_VALUE]}
    assert expanded["Conditions"]["OwnMailSender"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "SesIdentityArn"}, ""]}]}
    assert default(expanded, "SesIdentityArn") == default(expanded, "MailFrom") == ""


def test_user_names_do_not_distinguish_upper_and_lower_case(pool: dict[str, Any]) -> None:
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}


def test_a_new_email_address_is_verified_before_it_counts(pool: dict[str, Any]) -> None:
    verified = pool["UserAttributeUpdateSettings"]["AttributesRequireVerificationBeforeUpdate"]
    assert verified == pool["AutoVerifiedAttributes"] == pool["UsernameAttributes"] == ["email"]


def test_a_password_is_recovered_by_verified_email_only(pool: dict[str, Any]) -> None:
    assert pool["AccountRecoverySetting"] == {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]}


def test_the_pool_is_protected_like_the_table(expanded: dict[str, Any], pool: dict[str, Any]) -> None:
    assert pool["DeletionProtection"] == {"Fn::If": ["Protected", "ACTIVE", "INACTIVE"]}
    assert expanded["Conditions"]["Protected"] == {"Fn::Equals": [{"Ref": "DeletionProtection"}, "true"]}
    table = expanded["Resources"]["Table"]["Properties"]
    assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert default(expanded, "DeletionProtection") == "true"


def test_two_step_sign_in_is_an_option_with_authenticator_apps(expanded: dict[str, Any], pool: dict[str, Any]) -> None:
    assert pool["MfaConfiguration"] == {"Ref": "Mfa"}
    assert pool["EnabledMfas"] == {"Fn::If": ["OffersMfa", ["SOFTWARE_TOKEN_MFA"], NO_VALUE]}
    assert expanded["Conditions"]["OffersMfa"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Mfa"}, "OFF"]}]}
    assert expanded["Parameters"]["Mfa"]["AllowedValues"] == ["OFF", "OPTIONAL", "ON"]
    assert default(expanded, "Mfa") == "OFF"
    pages = expanded["Resources"]["WebFunction"]["Properties"]["Environment"]["Variables"]
    assert pages["SIGN_IN_MFA"] == {"Ref": "Mfa"}


def test_tokens_live_an_hour_and_sessions_a_month(expanded: dict[str, Any], client: dict[str, Any]) -> None:
    assert client["IdTokenValidity"] == client["AccessTokenValidity"] == {"Ref": "TokenMinutes"}
    assert client["RefreshTokenValidity"] == 30
    assert client["TokenValidityUnits"] == {"IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "days"}
    # The range that Cognito accepts: five minutes to a day.
    parameter = expanded["Parameters"]["TokenMinutes"]
    assert (parameter["Default"], parameter["MinValue"], parameter["MaxValue"]) == (60, 5, 1440)


def test_a_session_can_be_revoked(client: dict[str, Any]) -> None:
    assert client["EnableTokenRevocation"] is True


def test_id_tokens_have_all_attributes_and_users_write_few(pool: dict[str, Any], client: dict[str, Any]) -> None:
    assert set(client["ReadAttributes"]) == STANDARD | CUSTOM
    assert {f"custom:{each['Name']}" for each in pool["Schema"]} == CUSTOM
    assert not set(client["WriteAttributes"]) & CUSTOM
    assert set(client["WriteAttributes"]) < set(client["ReadAttributes"])


def test_the_local_stack_has_long_tokens_and_offers_two_step_sign_in(expanded: dict[str, Any]) -> None:
    parameters = Settings().parameters()
    assert (parameters["TokenMinutes"], parameters["Mfa"]) == ("1440", "OPTIONAL")
    assert int(parameters["TokenMinutes"]) <= expanded["Parameters"]["TokenMinutes"]["MaxValue"]
