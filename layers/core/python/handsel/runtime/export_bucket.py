"""The bucket of exports."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LINK_SECONDS = 300


class ExportBucket:
    """One private Amazon S3 bucket. Its client is made when it is first needed: exports are rare."""

    def __init__(self, make_client: "Callable[[], S3Client]", name: str) -> None:
        self._make_client = make_client
        self._name = name

    def put(self, object_name: str, content: bytes) -> None:
        """Write a file. Writing it again replaces it.

        Raises:
            BotoCoreError, ClientError: S3 did not answer, or refused.
        """
        self._make_client().put_object(
            Bucket=self._name, Key=object_name, Body=content, ContentType="application/jsonl"
        )

    def sign(self, object_name: str) -> str:
        """Return a link to a file, which works for five minutes. Makes no request."""
        parameters = {
            "Bucket": self._name,
            "Key": object_name,
            "ResponseContentDisposition": 'attachment; filename="export.jsonl"',
        }
        return self._make_client().generate_presigned_url("get_object", Params=parameters, ExpiresIn=LINK_SECONDS)
