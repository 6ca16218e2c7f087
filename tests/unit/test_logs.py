"""Log lines of unexpected errors: the place of the error, and no user data."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import BaseModel

from handsel.api.http import create_app
from handsel.domain import errors
from handsel.runtime.observability import logger

CANARY = "12 Canary Street"
EVENT = json.loads((Path(__file__).parents[2] / "events" / "purchase_buy.json").read_text())


class Parsed(BaseModel):
    quantity: int


def _fail_in_parsing() -> None:
    Parsed.model_validate({"quantity": CANARY})


def _fail_in_dynamodb() -> None:
    item = {"address": {"S": CANARY}}
    raise ClientError({"Error": {"Code": "ValidationException", "Message": str(item)}}, "PutItem")


def _fail_with_a_cause() -> None:
    try:
        dict[str, str]()[CANARY]
    except KeyError as error:
        raise RuntimeError(f"no {CANARY}") from error


def _fail_with_an_integrity_error() -> None:
    try:
        _fail_in_parsing()
    except ValueError as error:
        raise errors.DataIntegrityError("gift abc is gone") from error


def log_of(fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    """Return the log text and its parsed line, for a request whose handler raises; check that the response is a 500."""
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    app = create_app()
    app.post("/orders")(fault)
    answer = app.resolve(EVENT, SimpleNamespace(aws_request_id="request-1"))  # type: ignore[arg-type]
    assert answer["statusCode"] == 500
    assert CANARY not in str(answer)
    line: dict[str, Any] = json.loads(written.getvalue())
    return written.getvalue(), line


@pytest.mark.parametrize(
    "fault", [_fail_in_parsing, _fail_in_dynamodb, _fail_with_a_cause, _fail_with_an_integrity_error]
)
def test_an_error_is_logged_without_its_message(fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    text, line = log_of(fault, monkeypatch)
    assert CANARY not in text
    assert "Canary" not in text
    assert (line["level"], line["message"]) == ("ERROR", "request failed")


def test_an_error_is_logged_with_its_origin_and_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    _, line = log_of(_fail_with_a_cause, monkeypatch)
    assert line["error_type"] == "RuntimeError"
    types = [entry for entry in line["origin"] if ":" not in entry]
    assert types == ["RuntimeError", "KeyError"]
    assert all(entry.partition(":")[0].endswith(".py") for entry in line["origin"] if ":" in entry)
    assert line["origin"][-1].endswith("_fail_with_a_cause")


def test_an_integrity_error_is_logged_with_the_item_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    _, line = log_of(_fail_with_an_integrity_error, monkeypatch)
    assert line["integrity_error"] == "gift abc is gone"
