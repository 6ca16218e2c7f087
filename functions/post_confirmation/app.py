"""Sign-up: the user pool calls this right after somebody confirmed who they are. From here on they can be given to.

It never fails. By now the person is confirmed; an error of ours would tell them that they are not, nobody would call
this again for them, and their next try would be refused as well. What is missing then is made by their first
authenticated call; until it, nobody can name them as a recipient. `EnrollFailed` counts them.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, logger
from handsel.runtime.wiring import table
from handsel.use_cases.accounts import profiles

store = table()


def lambda_handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Takes the event after a confirmation, and answers it unchanged, as the user pool demands.

    A forgotten password is confirmed here as well: nobody signs up by that.
    """
    if event.get("triggerSource") == "PostConfirmation_ConfirmSignUp":
        try:
            profiles.ensure(store, profiles.of_claims(event["request"]["userAttributes"], now=clock.now_ms()))
        except Exception as error:  # noqa: BLE001 - see above
            logger.error("enroll failed", error_type=type(error).__name__)
            count("EnrollFailed")
            flush_metrics()
        else:
            logger.info("enrolled")
    return event
