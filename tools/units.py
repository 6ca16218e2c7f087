"""What operations cost, from the table in the data model (store/keys.py), for programs: `ops/model/measured_units.json`."""

import json
from pathlib import Path
from typing import NamedTuple

from handsel.store import keys
from local.settings import ROOT

FILE = ROOT / "ops" / "model" / "measured_units.json"
_HEAD = ["operation", "reads", "writes", "RRU", "WRU"]


class Cost(NamedTuple):
    """Calls that read and calls that write, and the request units of each."""

    reads: int
    writes: int
    read: float
    write: float


def table() -> dict[str, Cost]:
    """By operation, as written in the data model."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (keys.__doc__ or "").splitlines()
        if line.startswith("|")
    ]
    first = rows.index(_HEAD) + 2
    return {
        name: Cost(int(reads), int(writes), float(read), float(write))
        for name, reads, writes, read, write in rows[first:]
    }


def files() -> dict[Path, str]:
    costs = {
        operation: {"calls": cost.reads + cost.writes, "read": cost.read, "write": cost.write}
        for operation, cost in table().items()
    }
    return {FILE: json.dumps(costs, indent=2) + "\n"}
