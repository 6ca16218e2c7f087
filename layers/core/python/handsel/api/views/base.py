"""Parts that the views of several resources share."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, WithJsonSchema

from handsel.domain import models
from handsel.domain.times import timestamp


class View(BaseModel):
    """An answer. What is not declared does not leave: the published schemas say so, and every test holds them to it."""

    # A function gives few of them: `operation` builds those.
    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True, defer_build=True)


Timestamp = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
            "examples": ["2026-11-22T06:25:00.000Z"],
        }
    ),
]

Count = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0})]

Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]


def optional_timestamp(at: int | None) -> str | None:
    return None if at is None else timestamp(at)


class MoneyView(View):
    amount: Count
    currency: str

    @classmethod
    def of(cls, money: models.Money) -> Self:
        return cls(amount=money.amount, currency=money.currency)
