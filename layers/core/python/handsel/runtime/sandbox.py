"""A payment provider without money, and a moderation service that knows one word, for development and tests.

| token          | result                                                 |
|----------------|--------------------------------------------------------|
| `tok_ok`       | charged                                                |
| `tok_timeout`  | charged, but the response to the first call is lost    |
| `tok_no_reply` | not charged, and the response to every request is lost |
| `tok_no_refund` | charged, but every repayment is permanently refused      |
| any other      | declined                                               |

Every other charge can be repaid.

The reference of a charge is derived from our key, so there is one charge per key, and only a lost response has to be
stored. A charge with `tok_ok` is not stored: voiding it counts as coming after it. The reference of a charge with
`tok_no_refund` says that it cannot be repaid.
"""

from handsel.domain import ids
from handsel.domain.payments import Charge, ChargeDeclined, OutcomeUnknown, Repayment, RepaymentRefused
from handsel.store import keys
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put

_NO_REFUND = "tok_no_refund"
_CHARGED = ("tok_ok", _NO_REFUND)
_NOT_REPAYABLE = "sbx_no_refund_"
# A text that contains this word is refused.
REFUSED_WORD = "tok_refused"


class SandboxChecker:
    """A moderation service for development and tests; see `ContentChecker`."""

    def is_allowed(self, text: str) -> bool:
        """Return whether a text does not contain `REFUSED_WORD`."""
        return REFUSED_WORD not in text


class SandboxProvider:
    """The sandbox; see `PaymentProvider`."""

    can_sell = True

    def __init__(self, table: Table) -> None:
        self._table = table

    def charge(self, charge: Charge) -> str:
        """Charge an amount, and return the provider's reference.

        Raises:
            ChargeDeclined: the token says so.
            OutcomeUnknown: the response is lost.
        """
        # The tokens are the interface, not secrets.
        if charge.token == "tok_timeout":  # nosec B105
            self._lose_first_response(charge.key)
        elif charge.token == "tok_no_reply":  # nosec B105
            raise OutcomeUnknown
        elif charge.token not in _CHARGED:
            raise ChargeDeclined
        return _derive_reference(charge)

    def void(self, charge: Charge) -> str | None:
        """Prevent a charge. Return the reference if it happened before."""
        if charge.token in _CHARGED:
            return _derive_reference(charge)
        if charge.token == "tok_timeout":  # nosec B105
            try:
                self._table.write(Put({**keys.charge(charge.key)._asdict(), "voided": True}))
            except ConditionFailed as failure:
                if not (failure.old[0] or {}).get("voided"):
                    return _derive_reference(charge)
        return None

    def repay(self, repayment: Repayment) -> None:
        """Do nothing, because no money was taken.

        Raises:
            RepaymentRefused: the token of the charge says so.
        """
        if repayment.reference.startswith(_NOT_REPAYABLE):
            raise RepaymentRefused

    def _lose_first_response(self, key: str) -> None:
        try:
            self._table.write(Put({**keys.charge(key)._asdict()}))
        except ConditionFailed as failure:
            if (failure.old[0] or {}).get("voided"):
                raise ChargeDeclined from failure
            return  # charged before: this time the response arrives
        raise OutcomeUnknown


class NoProvider(SandboxProvider):
    """No payment provider: sells nothing, and settles the orders of the time when the stack had the sandbox.

    Charges of the sandbox can still be voided and repaid, so no order and no refund stays pending.
    """

    can_sell = False

    def charge(self, charge: Charge) -> str:
        """Return the reference of an earlier charge.

        Raises:
            ChargeDeclined: there is none, and there never will be.
        """
        reference = self.void(charge)
        if reference is None:
            raise ChargeDeclined
        return reference


def _derive_reference(charge: Charge) -> str:
    prefix = _NOT_REPAYABLE if charge.token == _NO_REFUND else "sbx_"
    return f"{prefix}{ids.derive_id('charge', charge.key)}"
