"""The user pool of the stack, as far as functions manage its users."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


class UserPool:
    """One Amazon Cognito user pool. Its client is made when it is first needed: users are rarely erased."""

    def __init__(self, make_client: "Callable[[], CognitoIdentityProviderClient]", pool_id: str) -> None:
        self._make_client = make_client
        self._pool_id = pool_id

    def delete(self, user_id: str) -> None:
        """Delete a user by the subject of their tokens. Idempotent.

        Raises:
            BotoCoreError, ClientError: Cognito did not answer, or refused.
        """
        try:
            self._make_client().admin_delete_user(UserPoolId=self._pool_id, Username=user_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "UserNotFoundException":
                raise
