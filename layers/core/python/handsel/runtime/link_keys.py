"""Read the keys of share links and cursors from Secrets Manager; no environment variable contains them.

The secret is JSON: keys by version, and under `current` the version for new links and cursors. A process reads it when it
first needs a key, and again after `CACHE_TTL_MS`; so a new version may become current after that time.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from handsel.domain.errors import ServiceUnavailable
from handsel.runtime.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_TTL_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """The keys of share links and cursors.

    Attributes:
        by_version: the keys by version.
        current: the version for new links and cursors.
    """

    by_version: Mapping[str, str]
    current: str


class LinkKeySource:
    """The keys of one secret, cached."""

    def __init__(self, client: "SecretsManagerClient", secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id
        self._keys: LinkKeys | None = None
        self._read_at = 0

    def get(self, now: int) -> LinkKeys:
        """Return keys that were read at most `CACHE_TTL_MS` before `now`. If they cannot be read, return the last ones.

        Raises:
            ServiceUnavailable: Secrets Manager is unavailable, and no keys were read before.
            ClientError, ValueError: the call is denied, or the secret is invalid, and no keys were read before.
        """
        if self._keys is None or not 0 <= now - self._read_at < CACHE_TTL_MS:
            self._read_at = now  # even if it fails: during an outage, not every request waits for a timeout
            try:
                self._keys = self._read()
            except (ServiceUnavailable, ClientError, ValueError) as error:
                if self._keys is None:
                    raise
                logger.warning("link keys not refreshed", error_type=type(error).__name__)
        return self._keys

    def _read(self) -> LinkKeys:
        try:
            response = self._client.get_secret_value(SecretId=self._secret_id)
        except (HTTPClientError, BotoConnectionError) as error:
            raise ServiceUnavailable from error
        keys = json.loads(response["SecretString"])
        if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
            raise ValueError("the secret is not a JSON object of strings")
        current = keys.pop("current", "")
        if current not in keys:
            raise ValueError("the secret has no key of its current version")
        return LinkKeys(keys, current)
