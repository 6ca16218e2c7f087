"""Process events from other systems: carrier reports, settled payments and settled refunds."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.api.inputs import TYPES, CarrierReported, PaymentSettled, RefundSettled
from handsel.api.validation import validated
from handsel.domain import errors
from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, identify, logger, origin
from handsel.runtime.settings import settings
from handsel.runtime.wiring import payments, read_test_clock, table
from handsel.use_cases.fulfilment import shipping
from handsel.use_cases.operations import inbound

store, provider = table(), payments()


class InboundEventFailedError(Exception):
    """An inbound event was not processed. The message is a code: Lambda logs it, and payloads must not be logged."""


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Process one event of the bus. Idempotent.

    Lambda retries a failed event and finally moves it to the queue RefusedInputs. An event that can never succeed takes
    the same way, so that none is lost and an operator can look at it.
    """
    identify(context.aws_request_id)
    try:
        read_test_clock()
        outcome = process(event)
    except Exception as error:  # noqa: BLE001 - reported to Lambda as a code; other messages may contain the payload
        code = error.code if isinstance(error, errors.ApiProblem) else type(error).__name__
        logger.error("inbound event failed", event_id=event.get("id"), code=code, origin=origin(error))
        count("InboundEventFailed")
        raise InboundEventFailedError(code) from None
    else:
        logger.info("inbound event processed", event_id=event["id"], outcome=outcome)
        count("InboundEventProcessed")
        return {"outcome": outcome}
    finally:
        flush_metrics()


def process(event: dict[str, Any]) -> str:
    """Apply an event, and return the resulting status.

    Raises:
        ApiProblem: the event is invalid or not applicable, or a dependency is unavailable.
    """
    match validated(TYPES[event["detail-type"]], event["detail"], "/"):
        case CarrierReported() as report:
            return shipping.add_event(
                store,
                report.shipment_id,
                report.value(),
                carrier=report.carrier,
                now=clock.now_ms(),
                retention_ms=settings().address_retention_ms,
            ).status
        case PaymentSettled() as payment:
            return inbound.settle_order(store, provider, payment.order_id, now=clock.now_ms())
        case RefundSettled() as refund:
            return inbound.settle_refund(store, provider, refund.refund_id)
        case other:
            raise TypeError(type(other).__name__)
