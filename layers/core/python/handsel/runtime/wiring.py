"""Composition root: create the clients that a process has one of."""

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast

import botocore
import botocore.session
from botocore.config import Config

from handsel.runtime import clock
from handsel.runtime.settings import settings
from handsel.store import keys
from handsel.store.table import Table

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from handsel.domain.content import ContentChecker
    from handsel.domain.identities import IdentityProvider
    from handsel.domain.payments import PaymentProvider
    from handsel.runtime.bus import Bus
    from handsel.runtime.export_bucket import ExportBucket
    from handsel.runtime.secrets import CachedSecret, LinkKeys

# The time to wait for the moderation service, in seconds: users wait with it, and it is asked once.
_CHECK_SECONDS = 1.0
# Items that do not exist, of the kinds that functions of the API may read.
_PROBES = {"account": keys.account("nobody"), "gift": keys.gift("nobody")}


def warm_up(*, probe: Literal["account", "gift"]) -> None:
    """Make the clients that an API function uses, and open their connections where a request is about to follow.

    Args:
        probe: the kind of item that the function may read; a read of it opens the connection to the table.
    """
    items = table()
    secrets: list[CachedSecret[Any]] = [link_keys()] if settings().link_keys_secret else []
    if settings().origin_secret:
        secrets.append(origin_secrets())
    if not settings().connects_early:
        return
    items.connect(_PROBES[probe])
    for secret in secrets:
        # A request that needs the secret reads it again and reports the error.
        with suppress(Exception):
            secret.get(clock.now_ms())


@cache
def table() -> Table:
    """Return the table."""
    return Table(cast("DynamoDBClient", _client("dynamodb")), settings().table_name)


def read_test_clock() -> None:
    """Take over the time of the stack for this invocation, if the stack has a test clock.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    if settings().has_test_clock:
        from handsel.store import test_clock  # imported here, because only stacks for tests have one

        clock.set_offset(test_clock.get_offset(table()))


@cache
def bus() -> "Bus":
    """Return the event bus."""
    from handsel.runtime.bus import Bus  # imported here, because one function publishes events

    return Bus(cast("EventBridgeClient", _client("events")), settings().bus_name)


@cache
def link_keys() -> "CachedSecret[LinkKeys]":
    """Return the keys of share links and cursors."""
    # Imported here, because half of the functions need no secret.
    from handsel.runtime.secrets import CachedSecret, parse_link_keys

    return CachedSecret(_secrets_manager(), settings().link_keys_secret, "link keys", parse_link_keys)


@cache
def origin_secrets() -> "CachedSecret[tuple[bytes, ...]]":
    """Return the accepted values of the header that the distribution adds."""
    from handsel.runtime.secrets import CachedSecret, parse_origin_secrets

    return CachedSecret(_secrets_manager(), settings().origin_secret, "origin secret", parse_origin_secrets)


@cache
def _secrets_manager() -> "SecretsManagerClient":
    return cast("SecretsManagerClient", _client("secretsmanager"))


def _client(service: str) -> object:
    # The table retries by itself, and its conditions use the time of each attempt.
    attempts = 1 if service in ("dynamodb", "lambda") else 2
    # By default botocore waits a minute for the connection and one for the response; API Gateway gives up after 30 s.
    # All attempts together must end well within the function's timeout.
    config = Config(
        connect_timeout=1,
        # The moderation service has a limit of its own.
        read_timeout=_CHECK_SECONDS if service == "lambda" else settings().read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        # By default botocore builds its user agent of thirty parts, twice per call.
        user_agent=f"handsel botocore/{botocore.__version__}",
        parameter_validation=False,
        # Of S3 only: links that work in every region.
        signature_version="s3v4" if service == "s3" else None,
    )
    return _session().create_client(service, config=config)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def identities() -> "IdentityProvider":
    """Return the identity provider: the user pool of the stack, if it has one."""
    from handsel.domain.identities import NO_IDENTITIES  # imported here: few functions erase users

    if not settings().user_pool_id:
        return NO_IDENTITIES
    from handsel.runtime.user_pool import UserPool

    return UserPool(_cognito, settings().user_pool_id)


@cache
def _cognito() -> "CognitoIdentityProviderClient":
    return cast("CognitoIdentityProviderClient", _client("cognito-idp"))


@cache
def export_bucket() -> "ExportBucket":
    """Return the bucket of exports."""
    from handsel.runtime.export_bucket import ExportBucket  # imported here: few calls export data

    return ExportBucket(_s3, settings().export_bucket)


@cache
def _s3() -> "S3Client":
    return cast("S3Client", _client("s3"))


@cache
def content_checker() -> "ContentChecker | None":
    """Return the moderation service, or None if the stack has none."""
    match settings().content_checker:
        case "none":
            return None
        case "sandbox":
            from handsel.runtime.sandbox import SandboxChecker  # imported here: real stacks have none

            return SandboxChecker()
        case function:
            from handsel.runtime.content_checker import LambdaChecker  # imported here: few stacks have one

            return LambdaChecker(_lambda, function)


@cache
def _lambda() -> "LambdaClient":
    return cast("LambdaClient", _client("lambda"))


@cache
def payments() -> "PaymentProvider":
    """Return the payment provider."""
    from handsel.runtime.sandbox import NoProvider, SandboxProvider  # imported here: few functions handle payments

    return SandboxProvider(table()) if settings().payment_provider == "sandbox" else NoProvider(table())
