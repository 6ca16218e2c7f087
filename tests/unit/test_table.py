"""Table calls against a stubbed client: cancelled transactions, retries and lose responses. The local engines have no
conflicts.
"""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain import errors
from handsel.store.attributes import dump, dump_item, load_item
from handsel.store.keys import Key, gift, order
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Delete, Put, Update

WRITES = (
    Put({**order("a")._asdict(), "state": "paid"}),
    Update(gift("b"), "SET #state = :to", "#state = :from", {":to": "claimed", ":from": "open"}),
)
DELETE = Delete(gift("c"), "#state = :was", {":was": "open"})
DELETE_REQUEST = {
    "TableName": "t",
    "Key": {"pk": {"S": "GIFT#c"}, "sk": {"S": "GIFT"}},
    "ConditionExpression": "#state = :was",
    "ExpressionAttributeNames": {"#state": "state"},
    "ExpressionAttributeValues": {":was": {"S": "open"}},
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


UPDATE_REQUEST = {
    "TableName": "t",
    "Key": {"pk": {"S": "GIFT#b"}, "sk": {"S": "GIFT"}},
    "UpdateExpression": "SET #state = :to",
    "ConditionExpression": "#expires_at > :now",
    "ExpressionAttributeNames": {"#state": "state", "#expires_at": "expires_at"},
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}
AT_TWO = {":to": {"S": "claimed"}, ":now": {"N": "2"}}


@pytest.fixture
def client() -> Any:
    return botocore.session.get_session().create_client("dynamodb", region_name="eu-central-1")


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def table(client: Any, pauses: list[float]) -> Table:
    return Table(client, "t", sleep=pauses.append)


def _cancel_transaction(stub: Stubber, *reasons: str, item: dict[str, Any] | None = None) -> None:
    details = [{"Code": reason} | ({"Item": item} if item and reason != "None" else {}) for reason in reasons]
    stub.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": details}
    )


def test_a_failed_condition_is_final_and_reported_by_position(stub: Stubber, table: Table) -> None:
    _cancel_transaction(stub, "None", "ConditionalCheckFailed", item={"state": {"S": "claimed"}})
    with pytest.raises(ConditionFailed) as failed:
        table.write(*WRITES)
    assert failed.value.old == (None, {"state": "claimed"})


def test_a_missing_item_differs_from_a_condition_that_held(stub: Stubber, table: Table) -> None:
    _cancel_transaction(stub, "ConditionalCheckFailed", "None")
    with pytest.raises(ConditionFailed) as failed:
        table.write(*WRITES)
    assert failed.value.old == ({}, None)


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_conflict_is_retried_and_can_succeed(stub: Stubber, table: Table, pauses: list[float], reason: str) -> None:
    _cancel_transaction(stub, reason, "None")
    _cancel_transaction(stub, "ConditionalCheckFailed", reason)  # one condition failed, but the other was not evaluated
    stub.add_response("transact_write_items", {})
    table.write(*WRITES)
    assert len(pauses) == 2


def test_permanent_conflicts_end_in_service_unavailable_after_a_bounded_number_of_tries(
    stub: Stubber, table: Table, pauses: list[float]
) -> None:
    for _ in range(7):
        _cancel_transaction(stub, "TransactionConflict", "None")
    with pytest.raises(errors.ServiceUnavailable):
        table.write(*WRITES)
    assert sum(pauses) < 2


def test_any_other_reason_is_an_error_and_not_retried(stub: Stubber, table: Table) -> None:
    _cancel_transaction(stub, "ValidationError", "None")
    with pytest.raises(Exception, match="TransactionCanceled"):
        table.write(*WRITES)


def test_a_single_write_that_conflicts_with_a_transaction_is_retried(stub: Stubber, table: Table) -> None:
    stub.add_client_error("update_item", "TransactionConflictException")
    stub.add_response("update_item", {})
    table.write(WRITES[1])


def test_an_item_is_deleted_under_its_condition_alone_or_in_a_transaction(stub: Stubber, table: Table) -> None:
    stub.add_response("delete_item", {}, DELETE_REQUEST)
    table.write(DELETE)
    stub.add_response("transact_write_items", {}, {"TransactItems": [{"Put": ANY}, {"Delete": DELETE_REQUEST}]})
    table.write(WRITES[0], DELETE)


def test_an_item_whose_condition_fails_is_not_deleted(stub: Stubber, table: Table) -> None:
    stub.add_client_error(
        "delete_item", "ConditionalCheckFailedException", modeled_fields={"Item": {"state": {"S": "claimed"}}}
    )
    with pytest.raises(ConditionFailed) as failed:
        table.write(DELETE)
    assert failed.value.old == ({"state": "claimed"},)


def test_a_deletion_that_conflicts_with_a_transaction_is_retried(stub: Stubber, table: Table) -> None:
    stub.add_client_error("delete_item", "TransactionConflictException")
    stub.add_response("delete_item", {})
    table.write(DELETE)


def test_unprocessed_keys_are_requested_again(stub: Stubber, table: Table) -> None:
    one, other = order("a"), order("b")
    again: Any = {"t": {"Keys": [other.attributes()], "ConsistentRead": True}}
    stub.add_response("batch_get_item", {"Responses": {"t": [one.attributes()]}, "UnprocessedKeys": again})
    stub.add_response("batch_get_item", {"Responses": {"t": [other.attributes()]}, "UnprocessedKeys": {}})
    assert set(table.get_many([one, other, one])) == {one, other}


def test_a_condition_on_the_current_time_is_rebuilt_for_each_try(stub: Stubber, table: Table) -> None:
    clock = iter((1, 2))

    def update_in_time() -> Update:
        return Update(gift("b"), "SET #state = :to", "#expires_at > :now", {":to": "claimed", ":now": next(clock)})

    stub.add_client_error("update_item", "TransactionConflictException")
    stub.add_response("update_item", {}, {**UPDATE_REQUEST, "ExpressionAttributeValues": AT_TWO})
    table.write(update_in_time)


def test_a_call_whose_response_is_lost_once_is_retried_once(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def lose_once(**_: object) -> dict[str, Any]:
        calls.append(1)
        if len(calls) == 1:
            raise ReadTimeoutError(endpoint_url="https://dynamodb.test")
        return {}

    monkeypatch.setattr(table.client, "update_item", lose_once)
    table.write(WRITES[1])
    assert len(calls) == 2


def test_a_lost_response_is_service_unavailable_so_that_the_caller_retries(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="http://x")

    monkeypatch.setattr(table.client, "get_item", lose)
    with pytest.raises(errors.ServiceUnavailable):
        table.get(Key("a", "b"))


VALUES = st.recursive(
    st.booleans() | st.integers(-(10**30), 10**30) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=4))
def test_a_written_item_is_read_back_unchanged(item: dict[str, Any]) -> None:
    assert load_item(dump_item(item)) == item


def test_absent_values_are_left_out_and_floats_are_rejected() -> None:
    assert dump_item({"a": None, "b": {"c": None}}) == {"b": {"M": {}}}
    with pytest.raises(TypeError):
        dump(1.5)
