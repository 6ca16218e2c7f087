"""Inject faults into calls to the table, the payment provider and the bus: lost, rejected, done twice, or a crash."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from handsel.domain.payments import Charge, ChargeDeclined, OutcomeUnknown, Repayment, RepaymentRefused

READS = frozenset({"get_item", "batch_get_item", "query"})
_NOWHERE = {"pk": {"S": "NOWHERE"}, "sk": {"S": "NOWHERE"}}


class Crashed(BaseException):
    """The process ended. No handler catches this, and nothing of the process runs afterwards."""


class Fault(StrEnum):
    """A fault of one call."""

    DIES_BEFORE = "dies-before"
    DIES_AFTER = "dies-after"
    REQUEST_LOST = "request-lost"
    ANSWER_LOST = "answer-lost"
    REPORTED_FAILED = "reported-failed"  # done, but reported as failed
    TWICE = "twice"  # the response was lost, and the request was sent again
    THROTTLED = "throttled"
    CONFLICT = "conflict"


# For a read, the other faults have the same effect as a lost request.
READ_FAULTS = (Fault.DIES_BEFORE, Fault.REQUEST_LOST, Fault.THROTTLED)
WRITE_FAULTS = tuple(Fault)
# Faults of calls to the payment provider and the bus.
OTHER_FAULTS = (Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.TWICE)


class FaultyConnection:
    """The connection of one process to the table, the payment provider and the bus.

    Args:
        table: the DynamoDB client.
        travel: lets time pass and other processes run, before and after a call.
        draw: returns the fault of the next call, from the possible ones, or None.
        clock: the clock of the process, in milliseconds since the epoch.
        done: called with the time of the request after a call was executed, before any fault of its response.
    """

    def __init__(
        self,
        table: Any,
        travel: Callable[[], None],
        draw: Callable[[str, tuple[Fault, ...]], Fault | None],
        clock: Callable[[], int],
        done: Callable[[int], None],
    ) -> None:
        self._table = table
        self._travel = travel
        self._draw = draw
        self._clock = clock
        self._done = done
        self._dead = False

    def get_item(self, **request: Any) -> Any:
        return self._call("get_item", request)

    def batch_get_item(self, **request: Any) -> Any:
        return self._call("batch_get_item", request)

    def query(self, **request: Any) -> Any:
        return self._call("query", request)

    def put_item(self, **request: Any) -> Any:
        return self._call("put_item", request)

    def update_item(self, **request: Any) -> Any:
        return self._call("update_item", request)

    def delete_item(self, **request: Any) -> Any:
        return self._call("delete_item", request)

    def transact_write_items(self, **request: Any) -> Any:
        return self._call("transact_write_items", request)

    def other(self, name: str, act: Callable[[], Any], lost: Callable[[], Exception]) -> Any:
        """Make a call to another service than the table; `lost` creates the caller's error for a lost response."""
        sent = self._clock()
        return self._carry(sent, self._draw(name, OTHER_FAULTS), act, lost)

    def _call(self, operation: str, request: dict[str, Any]) -> Any:
        if operation not in READS and not all("ConditionExpression" in write for write in _writes(request)):
            raise AssertionError(f"a write without a condition: {request}")
        sent = self._clock()
        fault = self._draw(operation, READ_FAULTS if operation in READS else WRITE_FAULTS)

        def act() -> Any:
            if fault is Fault.THROTTLED:
                raise _error("ProvisionedThroughputExceededException", operation)
            if fault is Fault.CONFLICT:
                raise self._conflict(operation, request)
            return getattr(self._table, operation)(**request)

        def lost() -> Exception:
            if fault is Fault.REPORTED_FAILED:
                return _error("InternalServerError", operation)
            return ReadTimeoutError(endpoint_url="https://dynamodb.test")

        return self._carry(sent, fault, act, lost)

    def _carry(self, sent: int, fault: Fault | None, act: Callable[[], Any], lost: Callable[[], Exception]) -> Any:
        if self._dead or fault is Fault.DIES_BEFORE:
            self._dead = True
            raise Crashed
        self._travel()
        if fault is Fault.REQUEST_LOST:
            raise lost()
        try:
            answer = self._do(act, sent)
            if fault is Fault.TWICE:
                self._travel()
                answer = self._do(act, sent)
        finally:
            if fault is Fault.DIES_AFTER:
                self._dead = True
            if fault in (Fault.DIES_AFTER, Fault.ANSWER_LOST, Fault.REPORTED_FAILED):
                raise Crashed if fault is Fault.DIES_AFTER else lost()
        self._travel()
        return answer

    def _do(self, act: Callable[[], Any], sent: int) -> Any:
        try:
            return act()
        finally:
            self._done(sent)

    def _conflict(self, operation: str, request: dict[str, Any]) -> ClientError:
        """Return the error of a transaction conflict. Conditions that fail too are reported with it, as DynamoDB does."""
        if operation != "transact_write_items":
            return _error("TransactionConflictException", operation)
        never = {
            "TableName": next(iter(request["TransactItems"][0].values()))["TableName"],
            "Key": _NOWHERE,
            "ConditionExpression": "attribute_exists(pk)",
        }
        writes = [*request["TransactItems"], {"ConditionCheck": never}]
        try:
            self._table.transact_write_items(TransactItems=writes)
        except ClientError as error:
            reasons: Any = error.response["CancellationReasons"][:-1]
        else:
            raise AssertionError("a condition on a missing item was true")
        held = next((place for place, reason in enumerate(reasons) if reason["Code"] == "None"), 0)
        reasons[held] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
        error_body = {"Code": "TransactionCanceledException", "Message": ""}
        response: Any = {"Error": error_body, "CancellationReasons": reasons}
        return ClientError(response, operation)


def _writes(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the writes of a request."""
    return [write for each in request.get("TransactItems", [{"": request}]) for write in each.values()]


def _error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, operation)


class ProviderState:
    """The charges and repayments of the payment provider: at most one of each per key.

    A charge with `tok_no_reply` does not happen, one with `tok_lost` does; neither is ever answered. Repayments of a charge
    with `tok_no_refund` are refused for good.
    """

    def __init__(self) -> None:
        self.charged: dict[str, Charge] = {}
        self.declined: set[str] = set()
        self.voided: set[str] = set()
        self.repaid: dict[str, Repayment] = {}

    def copy(self) -> "ProviderState":
        provider_state = ProviderState()
        provider_state.charged, provider_state.declined, provider_state.voided, provider_state.repaid = (
            dict(self.charged),
            set(self.declined),
            set(self.voided),
            dict(self.repaid),
        )
        return provider_state

    def charge(self, charge: Charge) -> str:
        if charge.token == "tok_declined" or charge.key in self.voided:
            self.declined.add(charge.key)
            raise ChargeDeclined
        if charge.token == "tok_no_reply":
            raise OutcomeUnknown
        if self.charged.setdefault(charge.key, charge) != charge:
            raise AssertionError(f"another charge under the key {charge.key}")
        if charge.token == "tok_lost":
            raise OutcomeUnknown
        return f"paid-{charge.key}"

    def void(self, charge: Charge) -> str | None:
        if charge.key in self.charged:
            return f"paid-{charge.key}"
        self.voided.add(charge.key)
        return None

    def repay(self, repayment: Repayment) -> None:
        if self.charged[repayment.reference.removeprefix("paid-")].token == "tok_no_refund":
            raise RepaymentRefused
        if self.repaid.setdefault(repayment.key, repayment) != repayment:
            raise AssertionError(f"another repayment under the key {repayment.key}")


class FakeProvider:
    """A payment provider behind a faulty connection."""

    can_sell = True

    def __init__(self, provider_state: ProviderState, connection: FaultyConnection) -> None:
        self._provider_state = provider_state
        self._connection = connection

    def charge(self, charge: Charge) -> str:
        reference: str = self._connection.other("charge", lambda: self._provider_state.charge(charge), OutcomeUnknown)
        return reference

    def void(self, charge: Charge) -> str | None:
        reference: str | None = self._connection.other(
            "void", lambda: self._provider_state.void(charge), OutcomeUnknown
        )
        return reference

    def repay(self, repayment: Repayment) -> None:
        self._connection.other("repay", lambda: self._provider_state.repay(repayment), OutcomeUnknown)


class FakeEventBus:
    """The client of an event bus behind a faulty connection.

    Args:
        receive: called with each entry that arrives.
        fails_entry: whether the bus rejects the next entry.
    """

    def __init__(
        self, connection: FaultyConnection, receive: Callable[[dict[str, str]], None], fails_entry: Callable[[], bool]
    ) -> None:
        self._connection = connection
        self._receive = receive
        self._fails_entry = fails_entry

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        def put() -> dict[str, Any]:
            answers = []
            for entry in Entries:
                if self._fails_entry():
                    answers.append({"ErrorCode": "ThrottlingException"})
                else:
                    self._receive(entry)
                    answers.append({"EventId": "event"})
            return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}

        answer: dict[str, Any] = self._connection.other(
            "put_events", put, lambda: ReadTimeoutError(endpoint_url="https://events.test")
        )
        return answer
