"""Parts that the views of several resources share."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, WithJsonSchema

from handsel.domain import models
from handsel.domain.times import format_timestamp


class View(BaseModel):
    """A response body. It rejects undeclared fields, so that a response contains the published fields only."""

    # A function returns few of the views that it imports: `operation` builds those.
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
    """Return the timestamp of a time in milliseconds since the epoch, or None."""
    return None if at is None else format_timestamp(at)


class MoneyView(View):
    """An amount of money.

    Attributes:
        amount: the amount in minor units of the currency, such as cents.
        currency: the ISO 4217 code of the currency.
    """

    amount: Count
    currency: str

    @classmethod
    def of(cls, money: models.Money) -> Self:
        """Return the view of an amount of money."""
        return cls(amount=money.amount, currency=money.currency)


class PolicyVersionView(View):
    """A version of a policy.

    Attributes:
        policy_id: the ID of the policy.
        version: the version of the policy. A released version never changes.
    """

    policy_id: str
    version: int


class RefusalView(View):
    """An action that the rules do not allow.

    Attributes:
        action: `gift`, to give units; `cancel`, to cancel the gift; `choose_end`, to choose another end of the claim window
            than the one of the policy.
        rule: the name of the rule, as in `GET /meta/policy`; `giftable` is the setting of the store or the product.
    """

    action: Literal["gift", "cancel", "choose_end"]
    rule: str

    @classmethod
    def list_of(cls, refusals: Iterable[tuple[str, str]]) -> list[Self]:
        """Return the views of refusals: pairs of an action and a rule."""
        return [cls.model_validate({"action": action, "rule": rule}) for action, rule in refusals]
