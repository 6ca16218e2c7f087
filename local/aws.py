"""Create AWS clients for the engine. The keys are not secret: the engine treats `test` as the owner of the account."""

from typing import Any

import boto3
from botocore.config import Config

from local.settings import REGION


def client(service: str, endpoint_url: str) -> Any:
    """Return a low-level client. AWS profiles and other settings of the user have no effect.

    Args:
        service: the name of the service.
        endpoint_url: the endpoint of the engine.
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
