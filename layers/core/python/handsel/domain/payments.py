"""The interface of payment providers. Each call has an idempotency key, so repeating it has no further effect."""

from dataclasses import dataclass
from typing import Protocol

from handsel.domain.errors import HandselError
from handsel.domain.models import Money


class ChargeDeclined(HandselError):
    """The provider declined the charge. Final: the same key is never charged."""


class RepaymentRefused(HandselError):
    """The provider refused the repayment. Final: the same key is never repaid, so an operator has to repay."""


class OutcomeUnknown(HandselError):
    """The provider's response was lost: the charge may or may not have succeeded. Repeat the call with the same key."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge.

    Attributes:
        key: the idempotency key: the id of the order.
        token: the means of payment.
    """

    key: str
    total: Money
    method: str
    token: str


@dataclass(frozen=True, slots=True)
class Repayment:
    """A repayment of a charge, or of a part of it.

    Attributes:
        key: the idempotency key: the id of the refund.
        reference: of the charge.
    """

    key: str
    reference: str
    total: Money


class PaymentProvider(Protocol):
    """A payment provider. Thread-safe, because the sweep settles several payments concurrently."""

    @property
    def can_sell(self) -> bool:
        """Return whether new orders are accepted. Earlier orders and their refunds are settled in any case."""
        ...

    def charge(self, charge: Charge) -> str:
        """Charge once per key, and return the provider's reference.

        Raises:
            ChargeDeclined: the charge was declined.
            OutcomeUnknown: the response was lost.
        """
        ...

    def void(self, charge: Charge) -> str | None:
        """Make sure that a key is never charged from now on: a later `charge` with it is declined.

        Returns:
            The reference of the charge, if the key was charged before; it is not repaid. None if it was not.

        Raises:
            OutcomeUnknown: the response was lost.
        """
        ...

    def repay(self, repayment: Repayment) -> None:
        """Repay once per key.

        Raises:
            RepaymentRefused: the provider will never repay.
            OutcomeUnknown: the response was lost.
        """
        ...
