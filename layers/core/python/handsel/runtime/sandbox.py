"""A payment provider without money, for development and tests.

| token         | result                                              |
|---------------|-----------------------------------------------------|
| `tok_ok`      | charged                                             |
| `tok_timeout` | charged, but the response to the first call is lost |
| any other     | declined                                            |

Every charge can be repaid.

The reference of a charge is derived from our key, so there is one charge per key, and only the lost response has to be
stored.
"""

from handsel.domain import ids
from handsel.domain.payments import Charge, ChargeDeclined, OutcomeUnknown, Repayment
from handsel.store import keys
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put


class SandboxProvider:
    """The sandbox; see `PaymentProvider`."""

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
        elif charge.token != "tok_ok":  # nosec B105
            raise ChargeDeclined
        return f"sbx_{ids.derive_id('charge', charge.key)}"

    def repay(self, repayment: Repayment) -> None:
        """Do nothing: no money was taken."""

    def _lose_first_response(self, key: str) -> None:
        try:
            self._table.write(Put({**keys.charge(key)._asdict()}))
        except ConditionFailed:
            return  # charged before: this time the response arrives
        raise OutcomeUnknown
