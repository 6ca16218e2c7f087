"""Read secrets from Secrets Manager; no environment variable contains them.

A secret is a JSON object of strings by version. A process reads it when it first needs it, and again after `CACHE_TTL_MS`; so
every process knows a new version after that time. Two secrets exist: the keys of share links and cursors, where `current`
names the version for new links and cursors, and the values of the header that identifies the distribution.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from handsel.domain.errors import ServiceUnavailable
from handsel.runtime.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_TTL_MS = 5 * 60_000

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """The keys of share links and cursors.

    Attributes:
        by_version: the keys by version.
        current: the version for new links and cursors.
    """

    by_version: Mapping[str, str]
    current: str


class CachedSecret(Generic[Value]):
    """The value of one secret, cached.

    Args:
        client: the client of Secrets Manager.
        secret_id: the secret.
        name: the secret in log messages.
        parse: returns the value from the strings of the secret; raises ValueError if they are invalid.
    """

    def __init__(
        self, client: "SecretsManagerClient", secret_id: str, name: str, parse: Callable[[dict[str, str]], Value]
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._name = name
        self._parse = parse
        self._value: Value | None = None
        self._read_at = 0

    def get(self, now: int) -> Value:
        """Return the value, read at most `CACHE_TTL_MS` before `now`. If it cannot be read, return the last one.

        Raises:
            ServiceUnavailable: Secrets Manager is unavailable, and no value was read before.
            ClientError, ValueError: the call is denied, or the secret is invalid, and no value was read before.
        """
        if self._value is None or not 0 <= now - self._read_at < CACHE_TTL_MS:
            self._read_at = now  # even if it fails: during an outage, not every request waits for a timeout
            try:
                self._value = self._read()
            except (ServiceUnavailable, ClientError, ValueError) as error:
                if self._value is None:
                    raise
                logger.warning(f"{self._name} not refreshed", error_type=type(error).__name__)
        return self._value

    def _read(self) -> Value:
        try:
            response = self._client.get_secret_value(SecretId=self._secret_id)
        except (HTTPClientError, BotoConnectionError) as error:
            raise ServiceUnavailable from error
        strings = json.loads(response["SecretString"])
        if not isinstance(strings, dict) or not all(isinstance(each, str) for each in strings.values()):
            raise ValueError("the secret is not a JSON object of strings")
        return self._parse(strings)


def parse_link_keys(strings: dict[str, str]) -> LinkKeys:
    """Return the keys of share links and cursors.

    Raises:
        ValueError: there is no key of the current version.
    """
    current = strings.pop("current", "")
    if current not in strings:
        raise ValueError("the secret has no key of its current version")
    return LinkKeys(strings, current)


def parse_origin_secrets(strings: dict[str, str]) -> tuple[bytes, ...]:
    """Return the accepted values of the header that the distribution adds.

    Raises:
        ValueError: there is no value, or an empty one, which any request would have.
    """
    if not strings or not all(strings.values()):
        raise ValueError("the secret has no value, or an empty one")
    return tuple(value.encode() for value in strings.values())
