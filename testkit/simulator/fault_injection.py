"""Inject faults into calls to the table, the payment provider and the bus: lost, refused, done twice, or a crash."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from handsel.domain.payments import Charge, ChargeDeclined, OutcomeUnknown, Repayment

READS = frozenset({"get_item", "batch_get_item", "query"})
_NOWHERE = {"pk": {"S": "NOWHERE"}, "sk": {"S": "NOWHERE"}}


class Crashed(BaseException):
    """The process is gone: nothing of it runs on, no handler catches it."""


class Fault(StrEnum):
    """What goes wrong with one call."""

    DIES_BEFORE = "dies-before"
    DIES_AFTER = "dies-after"
    REQUEST_LOST = "request-lost"
    ANSWER_LOST = "answer-lost"
    SAID_NOT = "said-not"  # done, and said to have failed
    TWICE = "twice"  # the first answer was lost, and it was sent again
    THROTTLED = "throttled"
    CONFLICT = "conflict"


# A read that is done twice, or done and not said, is a read that was lost.
OF_READS = (Fault.DIES_BEFORE, Fault.REQUEST_LOST, Fault.THROTTLED)
OF_WRITES = tuple(Fault)
# Of the payment provider and the bus.
OF_OTHERS = (Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.TWICE)


class FaultyConnection:
    """The connection of one process to the table, the payment provider and the bus.

    Args:
        table: a DynamoDB client, whom a call is for.
        travel: lets time pass, and others run: on the way there and on the way back.
        draw: what goes wrong with the next call, out of what can.
        clock: that of the process, in milliseconds since the epoch.
        done: told of every call that was done, before anything goes wrong with its answer, and when it was sent.
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
        """A call to somebody else than the table; `lost` makes what the caller sees when the answer does not come."""
        sent = self._clock()
        return self._carry(sent, self._draw(name, OF_OTHERS), act, lost)

    def _call(self, operation: str, request: dict[str, Any]) -> Any:
        if operation not in READS and not all("ConditionExpression" in write for write in _writes(request)):
            raise AssertionError(f"a write without a condition: {request}")
        sent = self._clock()
        fault = self._draw(operation, OF_READS if operation in READS else OF_WRITES)

        def act() -> Any:
            if fault is Fault.THROTTLED:
                raise _said("ProvisionedThroughputExceededException", operation)
            if fault is Fault.CONFLICT:
                raise self._conflict(operation, request)
            return getattr(self._table, operation)(**request)

        def lost() -> Exception:
            if fault is Fault.SAID_NOT:
                return _said("InternalServerError", operation)
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
            if fault in (Fault.DIES_AFTER, Fault.ANSWER_LOST, Fault.SAID_NOT):
                raise Crashed if fault is Fault.DIES_AFTER else lost()
        self._travel()
        return answer

    def _do(self, act: Callable[[], Any], sent: int) -> Any:
        try:
            return act()
        finally:
            self._done(sent)

    def _conflict(self, operation: str, request: dict[str, Any]) -> ClientError:
        """Another transaction holds one of the items. What fails besides is said besides: reasons are not cut short."""
        if operation != "transact_write_items":
            return _said("TransactionConflictException", operation)
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
            raise AssertionError("a condition on nothing held")
        held = next((place for place, reason in enumerate(reasons) if reason["Code"] == "None"), 0)
        reasons[held] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
        said = {"Code": "TransactionCanceledException", "Message": ""}
        response: Any = {"Error": said, "CancellationReasons": reasons}
        return ClientError(response, operation)


def _writes(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The writes of a request."""
    return [write for each in request.get("TransactItems", [{"": request}]) for write in each.values()]


def _said(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, operation)


class ProviderState:
    """The charges and repayments of the payment provider: one of each per key."""

    def __init__(self) -> None:
        self.charged: dict[str, Charge] = {}
        self.declined: set[str] = set()
        self.repaid: dict[str, Repayment] = {}

    def copy(self) -> "ProviderState":
        provider_state = ProviderState()
        provider_state.charged, provider_state.declined, provider_state.repaid = (
            dict(self.charged),
            set(self.declined),
            dict(self.repaid),
        )
        return provider_state

    def charge(self, charge: Charge) -> str:
        if charge.token != "tok_ok":
            self.declined.add(charge.key)
            raise ChargeDeclined
        if self.charged.setdefault(charge.key, charge) != charge:
            raise AssertionError(f"another charge under the key {charge.key}")
        return f"paid-{charge.key}"

    def repay(self, repayment: Repayment) -> None:
        if self.repaid.setdefault(repayment.key, repayment) != repayment:
            raise AssertionError(f"another repayment under the key {repayment.key}")


class FakeProvider:
    """The payment provider, over a faulty connection."""

    def __init__(self, provider_state: ProviderState, connection: FaultyConnection) -> None:
        self._provider_state = provider_state
        self._connection = connection

    def charge(self, charge: Charge) -> str:
        reference: str = self._connection.other("charge", lambda: self._provider_state.charge(charge), OutcomeUnknown)
        return reference

    def repay(self, repayment: Repayment) -> None:
        self._connection.other("repay", lambda: self._provider_state.repay(repayment), OutcomeUnknown)


class FakeEventBus:
    """The client of an event bus, over a faulty connection: `heard` gets what arrives; some entries may be refused."""

    def __init__(
        self, connection: FaultyConnection, heard: Callable[[dict[str, str]], None], refuses: Callable[[], bool]
    ) -> None:
        self._connection = connection
        self._heard = heard
        self._refuses = refuses

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        def put() -> dict[str, Any]:
            answers = []
            for entry in Entries:
                if self._refuses():
                    answers.append({"ErrorCode": "ThrottlingException"})
                else:
                    self._heard(entry)
                    answers.append({"EventId": "event"})
            return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}

        answer: dict[str, Any] = self._connection.other(
            "put_events", put, lambda: ReadTimeoutError(endpoint_url="https://events.test")
        )
        return answer
