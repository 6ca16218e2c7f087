"""Run a case on a table, and describe its outcome in a few words."""

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from testkit.conformance.attribute_values import load_item
from testkit.conformance.cases import Case
from testkit.conformance.targets import TargetTable

# Internal errors of moto, which runs in this process.
INTERNAL_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, StopIteration, TypeError, ValueError)
READS = {"get_item", "batch_get_item", "query", "scan"}


def expected(case: Case) -> str:
    """Describe the documented outcome of a case."""
    if case.error is not None:
        reasons = case.more.get("CancellationReasons", ())
        shown = {"Item": _item(case.more.get("Item"))} if "Item" in case.more else {}
        shown |= {"reasons": [(code, _item(old)) for code, old in reasons]} if reasons else {}
        return _describe_error(case, case.error, shown, case.given)
    return _describe_success(case, case.answers or {}, case.given if case.leaves is None else case.leaves)


def observed(case: Case, target: TargetTable) -> str:
    """Run a case on a table, and describe its outcome, restricted to what the case specifies."""
    for each in case.given:
        target.client.put_item(TableName=target.table, Item=each)
    try:
        answer = getattr(target.client, case.call)(**_request(case, target.table))
    except ClientError as error:
        response: Any = error.response
        shown = {"Item": _item(response.get("Item"))} if "Item" in case.more else {}
        if reasons := response.get("CancellationReasons"):
            shown |= {"reasons": [(reason["Code"], _item(reason.get("Item"))) for reason in reasons]}
        return _describe_error(case, response["Error"]["Code"], shown, target.items())
    except INTERNAL_ERRORS as error:
        if target.target != "moto":
            raise
        return f"breaks: {type(error).__name__}"
    return _describe_success(case, _select(case, answer, target.table), target.items())


def _request(case: Case, table: str) -> dict[str, Any]:
    """Return the request of a case with the table's name."""
    request: dict[str, Any] = dict(case.request)
    if "RequestItems" in request:
        return request | {"RequestItems": {table: request["RequestItems"][""]}}
    if "TransactItems" in request:
        writes = [
            {kind: {"TableName": table, **write} for kind, write in each.items()} for each in request["TransactItems"]
        ]
        return request | {"TransactItems": writes}
    return {"TableName": table, **request}


def _select(case: Case, answer: Mapping[str, Any], table: str) -> dict[str, Any]:
    found = dict.fromkeys(case.answers or ())
    for name in found:
        if name == "Items sk":
            found[name] = [each["sk"]["S"] for each in answer.get("Items", [])]
        elif name == "Responses":
            found[name] = answer["Responses"].get(table, [])
        else:
            found[name] = answer.get(name)
    return found


def _describe_success(case: Case, answer: Mapping[str, Any], left: Iterable[dict[str, Any]]) -> str:
    shown = {name: _shown(value) for name, value in answer.items()}
    parts = [f"answers {shown}"] if shown else []
    if case.call in READS:
        parts = parts or ["answers"]
    else:
        parts.append(f"leaves {_items(left)}")
    return _short(", ".join(parts))


def _describe_error(case: Case, code: str, more: Mapping[str, Any], left: Iterable[dict[str, Any]]) -> str:
    changed = "" if _items(left) == _items(case.given) else f", leaves {_items(left)}"
    return _short(f"fails: {code}{f' {dict(more)}' if more else ''}{changed}")


def _shown(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _items(value)
    return _item(value) if isinstance(value, dict) else value


def _item(value: Any) -> Any:
    return load_item(value) if value else value


def _items(items: Iterable[dict[str, Any]]) -> list[Any]:
    return sorted((load_item(each) for each in items), key=lambda each: (str(each["pk"]), str(each.get("sk"))))


def _short(text: str) -> str:
    """Shorten a long text to its beginning and its length."""
    return text if len(text) < 1000 else f"{text[:60]} ... {len(text)} characters"
