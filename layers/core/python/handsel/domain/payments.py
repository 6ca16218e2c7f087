"""What a payment provider must do. It is asked with our key, so asking twice charges once."""

from dataclasses import dataclass
from typing import Protocol

from handsel.domain.errors import HandselError
from handsel.domain.models import Money


class ChargeDeclined(HandselError):
    """The provider said no. Final: the same key is never charged."""


class OutcomeUnknown(HandselError):
    """The provider's answer was lost: it may or may not have charged. Ask again with the same key."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge. `key` is ours and names it for good: the order it pays."""

    key: str
    total: Money
    method: str
    token: str


@dataclass(frozen=True, slots=True)
class Repayment:
    """Money back from one charge. `key` is ours and names it for good: the refund it pays out."""

    key: str
    reference: str
    total: Money


class PaymentProvider(Protocol):
    """Safe to share between threads: the sweep asks about several payments at once."""

    def charge(self, charge: Charge) -> str:
        """Charges once per key, however often it is asked, and answers the provider's reference.

        Raises:
            ChargeDeclined, OutcomeUnknown
        """
        ...

    def repay(self, repayment: Repayment) -> None:
        """Pays back once per key, however often it is asked.

        Raises:
            OutcomeUnknown
        """
        ...
