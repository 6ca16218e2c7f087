"""What is logged when something breaks: where, and nothing of what anybody sent or has."""

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

CANARY = "12 Canary Lane"
EVENT = json.loads((Path(__file__).parents[2] / "events" / "purchase_buy.json").read_text())


class Parsed(BaseModel):
    quantity: int


def _parse() -> None:
    Parsed.model_validate({"quantity": CANARY})


def _write() -> None:
    item = {"address": {"S": CANARY}}
    raise ClientError({"Error": {"Code": "ValidationException", "Message": str(item)}}, "PutItem")


def _look_up() -> None:
    try:
        dict[str, str]()[CANARY]
    except KeyError as error:
        raise RuntimeError(f"no {CANARY}") from error


def _damage() -> None:
    try:
        _parse()
    except ValueError as error:
        raise errors.DataIntegrityError("gift abc is gone") from error


def logged(fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    """What a call that runs into `fault` leaves in the log, as text and as the line it is; and its answer is a 500."""
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    app = create_app()
    app.post("/orders")(fault)
    answer = app.resolve(EVENT, SimpleNamespace(aws_request_id="request-1"))  # type: ignore[arg-type]
    assert answer["statusCode"] == 500
    assert CANARY not in str(answer)
    line: dict[str, Any] = json.loads(written.getvalue())
    return written.getvalue(), line


@pytest.mark.parametrize("fault", [_parse, _write, _look_up, _damage])
def test_a_fault_is_logged_without_what_its_message_holds(
    fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, line = logged(fault, monkeypatch)
    assert CANARY not in text
    assert "Canary" not in text
    assert (line["level"], line["message"]) == ("ERROR", "request failed")


def test_a_fault_is_logged_with_where_it_and_its_cause_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    _, line = logged(_look_up, monkeypatch)
    assert line["error_type"] == "RuntimeError"
    types = [entry for entry in line["origin"] if ":" not in entry]
    assert types == ["RuntimeError", "KeyError"]
    assert all(entry.partition(":")[0].endswith(".py") for entry in line["origin"] if ":" in entry)
    assert line["origin"][-1].endswith("_look_up")


def test_damage_of_the_table_says_which_item_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    _, line = logged(_damage, monkeypatch)
    assert line["integrity_error"] == "gift abc is gone"
