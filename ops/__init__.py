"""Commands for operators, run from a checkout: `python -m ops`. Nothing deployed imports this package.

__main__  the commands
stack     find the resources of a stack
scan      read the whole table in parallel: the only Scan of the project
audit     check a whole table for inconsistencies
settle    settle what is overdue
replay    process again what Lambda gave up: stream records, inbound events
recount   rebuild the counters and messages of a user from the orders, gifts and holdings
model     the cost and capacity model
smoke     test a deployed stack: the whole story of a gift
preflight compare the quotas of an account with the capacity model
"""

import sys
from pathlib import Path

# `handsel` is deployed as a layer, not installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "core" / "python"))
