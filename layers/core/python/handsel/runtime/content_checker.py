"""The moderation service of the operator: a function of their account, which is asked about the words of users.

It is called with `{"text": "..."}` and returns `{"allowed": true}` or `{"allowed": false}` (docs/content.md).
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handsel.runtime.observability import count, logger, origin

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class _NoAnswerError(Exception):
    """The function failed, or its answer has another form."""


class LambdaChecker:
    """A function of AWS Lambda. Its client is made when it is first needed: most gifts have a blessing."""

    def __init__(self, make_client: "Callable[[], LambdaClient]", function: str) -> None:
        self._make_client = make_client
        self._function = function

    def is_allowed(self, text: str) -> bool:
        """Return the answer of the function. Without an answer in time, the text is allowed, and this is counted."""
        try:
            is_allowed = self._ask(text)
        except (BotoCoreError, ClientError, _NoAnswerError) as error:
            logger.warning("content check failed", error=origin(error))
            count("ContentCheckFailed")
            return True
        if not is_allowed:
            count("ContentRefused")
        return is_allowed

    def _ask(self, text: str) -> bool:
        payload = json.dumps({"text": text}).encode()
        answer = self._make_client().invoke(FunctionName=self._function, Payload=payload)
        if "FunctionError" in answer:
            raise _NoAnswerError
        try:
            body = json.loads(answer["Payload"].read())
        except ValueError as error:
            raise _NoAnswerError from error
        is_allowed = body.get("allowed") if isinstance(body, dict) else None
        if not isinstance(is_allowed, bool):
            raise _NoAnswerError
        return is_allowed
