"""What DynamoDB answers to a cancelled transaction, as botocore hands it on. Stubbed: the local engines raise no conflicts."""

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


def _cancelled(stub: Stubber, *reasons: str, item: dict[str, Any] | None = None) -> None:
    details = [{"Code": reason} | ({"Item": item} if item and reason != "None" else {}) for reason in reasons]
    stub.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": details}
    )


def test_failed_conditions_are_final_and_answered_by_position(stub: Stubber, table: Table) -> None:
    _cancelled(stub, "None", "ConditionalCheckFailed", item={"state": {"S": "claimed"}})
    with pytest.raises(ConditionFailed) as refused:
        table.write(*WRITES)
    assert refused.value.old == (None, {"state": "claimed"})


def test_an_item_that_is_not_there_is_told_from_a_condition_that_held(stub: Stubber, table: Table) -> None:
    _cancelled(stub, "ConditionalCheckFailed", "None")
    with pytest.raises(ConditionFailed) as refused:
        table.write(*WRITES)
    assert refused.value.old == ({}, None)


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_conflict_is_tried_again_and_may_succeed(
    stub: Stubber, table: Table, pauses: list[float], reason: str
) -> None:
    _cancelled(stub, reason, "None")
    _cancelled(stub, "ConditionalCheckFailed", reason)  # one condition failed, but nobody looked at the other
    stub.add_response("transact_write_items", {})
    table.write(*WRITES)
    assert len(pauses) == 2


def test_endless_conflicts_are_busy_after_bounded_tries(stub: Stubber, table: Table, pauses: list[float]) -> None:
    for _ in range(7):
        _cancelled(stub, "TransactionConflict", "None")
    with pytest.raises(errors.ServiceUnavailable):
        table.write(*WRITES)
    assert sum(pauses) < 2


def test_any_other_reason_is_a_fault_and_not_tried_again(stub: Stubber, table: Table) -> None:
    _cancelled(stub, "ValidationError", "None")
    with pytest.raises(Exception, match="TransactionCanceled"):
        table.write(*WRITES)


def test_a_single_write_that_meets_a_transaction_is_tried_again(stub: Stubber, table: Table) -> None:
    stub.add_client_error("update_item", "TransactionConflictException")
    stub.add_response("update_item", {})
    table.write(WRITES[1])


def test_an_item_is_deleted_under_its_condition_alone_or_with_others(stub: Stubber, table: Table) -> None:
    stub.add_response("delete_item", {}, DELETE_REQUEST)
    table.write(DELETE)
    stub.add_response("transact_write_items", {}, {"TransactItems": [{"Put": ANY}, {"Delete": DELETE_REQUEST}]})
    table.write(WRITES[0], DELETE)


def test_an_item_that_is_not_as_it_should_be_is_not_deleted(stub: Stubber, table: Table) -> None:
    stub.add_client_error(
        "delete_item", "ConditionalCheckFailedException", modeled_fields={"Item": {"state": {"S": "claimed"}}}
    )
    with pytest.raises(ConditionFailed) as refused:
        table.write(DELETE)
    assert refused.value.old == ({"state": "claimed"},)


def test_a_deletion_that_meets_a_transaction_is_tried_again(stub: Stubber, table: Table) -> None:
    stub.add_client_error("delete_item", "TransactionConflictException")
    stub.add_response("delete_item", {})
    table.write(DELETE)


def test_keys_that_were_not_processed_are_asked_for_again(stub: Stubber, table: Table) -> None:
    one, other = order("a"), order("b")
    again: Any = {"t": {"Keys": [other.attributes()], "ConsistentRead": True}}
    stub.add_response("batch_get_item", {"Responses": {"t": [one.attributes()]}, "UnprocessedKeys": again})
    stub.add_response("batch_get_item", {"Responses": {"t": [other.attributes()]}, "UnprocessedKeys": {}})
    assert set(table.get_many([one, other, one])) == {one, other}


def test_what_is_about_the_clock_is_made_anew_for_each_try(stub: Stubber, table: Table) -> None:
    clock = iter((1, 2))

    def in_time() -> Update:
        return Update(gift("b"), "SET #state = :to", "#expires_at > :now", {":to": "claimed", ":now": next(clock)})

    stub.add_client_error("update_item", "TransactionConflictException")
    stub.add_response("update_item", {}, {**UPDATE_REQUEST, "ExpressionAttributeValues": AT_TWO})
    table.write(in_time)


def test_an_answer_that_is_lost_once_is_asked_for_once_more(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def lost_once(**_: object) -> dict[str, Any]:
        asked.append(1)
        if len(asked) == 1:
            raise ReadTimeoutError(endpoint_url="https://dynamodb.test")
        return {}

    monkeypatch.setattr(table.client, "update_item", lost_once)
    table.write(WRITES[1])
    assert len(asked) == 2


def test_a_lost_answer_is_busy_because_the_caller_can_find_out_by_trying_again(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="http://x")

    monkeypatch.setattr(table.client, "get_item", lost)
    with pytest.raises(errors.ServiceUnavailable):
        table.get(Key("a", "b"))


VALUES = st.recursive(
    st.booleans() | st.integers(-(10**30), 10**30) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=4))
def test_what_is_written_is_read_back(item: dict[str, Any]) -> None:
    assert load_item(dump_item(item)) == item


def test_absent_values_are_left_out_and_floats_refused() -> None:
    assert dump_item({"a": None, "b": {"c": None}}) == {"b": {"M": {}}}
    with pytest.raises(TypeError):
        dump(1.5)
