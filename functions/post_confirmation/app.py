"""Create the account of a new user, after the user pool confirmed their sign-up.

The handler never fails. The user is confirmed at this point: an error would tell them the opposite, the user pool does
not call the trigger again, and a second sign-up would be rejected. A missing account is created by the user's first
authenticated call; until then, they cannot be named as a recipient. The metric `AccountNotCreated` counts such failures.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, identify, logger
from handsel.runtime.settings import settings
from handsel.runtime.wiring import read_test_clock, table
from handsel.use_cases.accounts import profiles

store = table()


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Create the account, and return the event unchanged, as the user pool requires.

    The trigger also runs after a password reset, which creates no account. While the stack is closed, nothing is written.
    """
    identify(context.aws_request_id)
    if event.get("triggerSource") == "PostConfirmation_ConfirmSignUp" and not settings().is_closed:
        try:
            read_test_clock()
            profiles.ensure_account(
                store, profiles.account_from_claims(event["request"]["userAttributes"], now=clock.now_ms())
            )
        except Exception as error:  # noqa: BLE001 - see the docstring of the module
            logger.error("account not created", error_type=type(error).__name__)
            count("AccountNotCreated")
            flush_metrics()
        else:
            logger.info("account created")
    return event
