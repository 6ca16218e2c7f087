"""Run a case on a table, and describe its outcome in a few words."""

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from testkit.conformance.attribute_values import load_item
from testkit.conformance.cases import Case
from testkit.conformance.targets import TargetTable

# moto is part of this process, so what breaks inside comes out.
BREAKS = (ArithmeticError, AssertionError, AttributeError, LookupError, StopIteration, TypeError, ValueError)
READS = {"get_item", "batch_get_item", "query", "scan"}


def expected(case: Case) -> str:
    if case.refuses is not None:
        reasons = case.more.get("CancellationReasons", ())
        shown = {"Item": _item(case.more.get("Item"))} if "Item" in case.more else {}
        shown |= {"reasons": [(code, _item(old)) for code, old in reasons]} if reasons else {}
        return _refused(case, case.refuses, shown, case.given)
    return _answered(case, case.answers or {}, case.given if case.leaves is None else case.leaves)


def observed(case: Case, asked: TargetTable) -> str:
    """What came of it, as far as the case is about it."""
    for each in case.given:
        asked.client.put_item(TableName=asked.table, Item=each)
    try:
        answer = getattr(asked.client, case.call)(**_request(case, asked.table))
    except ClientError as error:
        response: Any = error.response
        shown = {"Item": _item(response.get("Item"))} if "Item" in case.more else {}
        if reasons := response.get("CancellationReasons"):
            shown |= {"reasons": [(reason["Code"], _item(reason.get("Item"))) for reason in reasons]}
        return _refused(case, response["Error"]["Code"], shown, asked.items())
    except BREAKS as error:
        if asked.target != "moto":
            raise
        return f"breaks: {type(error).__name__}"
    return _answered(case, _of_interest(case, answer, asked.table), asked.items())


def _request(case: Case, table: str) -> dict[str, Any]:
    """With the table's name wherever it belongs."""
    request: dict[str, Any] = dict(case.request)
    if "RequestItems" in request:
        return request | {"RequestItems": {table: request["RequestItems"][""]}}
    if "TransactItems" in request:
        writes = [
            {kind: {"TableName": table, **write} for kind, write in each.items()} for each in request["TransactItems"]
        ]
        return request | {"TransactItems": writes}
    return {"TableName": table, **request}


def _of_interest(case: Case, answer: Mapping[str, Any], table: str) -> dict[str, Any]:
    found = dict.fromkeys(case.answers or ())
    for name in found:
        if name == "Items sk":
            found[name] = [each["sk"]["S"] for each in answer.get("Items", [])]
        elif name == "Responses":
            found[name] = answer["Responses"].get(table, [])
        else:
            found[name] = answer.get(name)
    return found


def _answered(case: Case, answer: Mapping[str, Any], left: Iterable[dict[str, Any]]) -> str:
    shown = {name: _shown(value) for name, value in answer.items()}
    parts = [f"answers {shown}"] if shown else []
    if case.call in READS:
        parts = parts or ["answers"]
    else:
        parts.append(f"leaves {_items(left)}")
    return _short(", ".join(parts))


def _refused(case: Case, code: str, more: Mapping[str, Any], left: Iterable[dict[str, Any]]) -> str:
    changed = "" if _items(left) == _items(case.given) else f", leaves {_items(left)}"
    return _short(f"refuses: {code}{f' {dict(more)}' if more else ''}{changed}")


def _shown(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _items(value)
    return _item(value) if isinstance(value, dict) else value


def _item(value: Any) -> Any:
    return load_item(value) if value else value


def _items(items: Iterable[dict[str, Any]]) -> list[Any]:
    return sorted((load_item(each) for each in items), key=lambda each: (str(each["pk"]), str(each.get("sk"))))


def _short(text: str) -> str:
    """A set has no order, and what is long is told by its beginning and its length."""
    return text if len(text) < 1000 else f"{text[:60]} ... {len(text)} characters"
