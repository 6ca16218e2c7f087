"""What others put on the bus: a carrier's reports, and that something became of a payment or a refund."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.api.inputs import TYPES, CarrierReported, PaymentSettled, RefundSettled
from handsel.api.validation import validated
from handsel.domain import errors
from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, logger, origin
from handsel.runtime.wiring import payments, table
from handsel.use_cases.fulfilment import shipping
from handsel.use_cases.operations import inbound

store, provider = table(), payments()


class InputFailedError(Exception):
    """An input was not taken. Says why by a code: Lambda logs this, and what was sent belongs into no log."""


def lambda_handler(event: dict[str, Any], _: LambdaContext) -> dict[str, str]:
    """Takes one event of the bus; the same once more changes nothing.

    Lambda tries again what fails, and at last puts it into the queue RefusedInputs: what is refused for good goes the
    same way as what could not be done, for it must not be lost either, and a person looks at both.
    """
    try:
        outcome = take(event)
    except Exception as error:  # noqa: BLE001 - told to Lambda, without the words of those who know what was sent
        code = error.code if isinstance(error, errors.ApiProblem) else type(error).__name__
        logger.error("input failed", event_id=event.get("id"), code=code, origin=origin(error))
        count("InputFailed")
        raise InputFailedError(code) from None
    else:
        logger.info("input taken", event_id=event["id"], outcome=outcome)
        count("InputTaken")
        return {"outcome": outcome}
    finally:
        flush_metrics()


def take(event: dict[str, Any]) -> str:
    """What came of an event: a status.

    Raises:
        ApiProblem: what the event is about does not take it, or nobody could decide.
    """
    match validated(TYPES[event["detail-type"]], event["detail"], "/"):
        case CarrierReported() as said:
            report = said.value()
            return shipping.report(store, said.shipment_id, report, carrier=said.carrier, now=clock.now_ms()).status
        case PaymentSettled() as said:
            return inbound.payment_settled(store, provider, said.order_id, now=clock.now_ms())
        case RefundSettled() as said:
            return inbound.refund_settled(store, provider, said.refund_id)
        case other:
            raise TypeError(type(other).__name__)
