"""Clients for the engine. The keys are no secret: the engine treats `test` as the account's owner."""

from typing import Any

import boto3
from botocore.config import Config

from local.settings import REGION


def client(service: str, endpoint_url: str) -> Any:
    """One low-level client, whatever the caller's own AWS profile says.

    Without retries where the caller has its own, and with time for a cold function.
    """
    session = boto3.session.Session("test", "test", region_name=REGION)
    return session.client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint_url,
        config=Config(
            retries={"max_attempts": 2, "mode": "standard"},
            connect_timeout=5,
            read_timeout=90,
            s3={"addressing_style": "path"},
        ),
    )
