"""The keys of share links and cursors: in Secrets Manager, and in no variable of a function's configuration.

The secret is JSON: keys by version, and under `current` the version that new links are made with. A process reads it when
it first needs a key, and again after `KEPT_MS`; so a version that is added can be made current once that has passed.
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

KEPT_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """Attributes:
    by_version: keys of share-link secrets and cursors.
    current: the version new ones are made with.
    """

    by_version: Mapping[str, str]
    current: str


class LinkKeySource:
    """One secret behind a low-level client."""

    def __init__(self, client: "SecretsManagerClient", secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id
        self._keys: LinkKeys | None = None
        self._read_at = 0

    def at(self, now: int) -> LinkKeys:
        """The keys, at most `KEPT_MS` old; or as they last were, where that cannot be said.

        Raises:
            ServiceUnavailable: Secrets Manager does not answer, and did not before.
            ClientError, ValueError: it refuses, or the secret is not what it has to be, and that was so before.
        """
        if self._keys is None or not 0 <= now - self._read_at < KEPT_MS:
            self._read_at = now  # also when it fails: not every call waits for an outage
            try:
                self._keys = self._read()
            except (ServiceUnavailable, ClientError, ValueError) as error:
                if self._keys is None:
                    raise
                logger.warning("link keys are as they were", error_type=type(error).__name__)
        return self._keys

    def _read(self) -> LinkKeys:
        try:
            answer = self._client.get_secret_value(SecretId=self._secret_id)
        except (HTTPClientError, BotoConnectionError) as error:
            raise ServiceUnavailable from error
        keys = json.loads(answer["SecretString"])
        if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
            raise ValueError("the secret is not an object of texts")
        current = keys.pop("current", "")
        if current not in keys:
            raise ValueError("the current version is none of the secret's")
        return LinkKeys(keys, current)
