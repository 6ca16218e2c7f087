"""A payment provider without money, for development and tests.

| token          | what happens                                              |
|----------------|-----------------------------------------------------------|
| `tok_ok`       | charged                                                   |
| `tok_timeout`  | charged, but the answer to the first asking is lost       |
| anything else  | declined                                                  |

Whatever was charged is paid back when asked.

A reference is a function of our key: there is one charge per key by construction, and nothing to remember but
whether an answer was lost already.
"""

from handsel.domain import ids
from handsel.domain.payments import Charge, ChargeDeclined, OutcomeUnknown, Repayment
from handsel.store import keys
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put


class SandboxProvider:
    def __init__(self, table: Table) -> None:
        self._table = table

    def charge(self, charge: Charge) -> str:
        # The tokens are the interface, and no secrets.
        if charge.token == "tok_timeout":  # nosec B105
            self._lose_first_answer(charge.key)
        elif charge.token != "tok_ok":  # nosec B105
            raise ChargeDeclined
        return f"sbx_{ids.derive_id('charge', charge.key)}"

    def repay(self, repayment: Repayment) -> None:
        """Nothing to do: no money was taken."""

    def _lose_first_answer(self, key: str) -> None:
        try:
            self._table.write(Put({**keys.charge(key)._asdict()}))
        except ConditionFailed:
            return  # asked before: this time the answer arrives
        raise OutcomeUnknown
