"""The inputs of the model that are this project's: what was measured of its code, and the settings of its template.

`request_units.toml` has the calls to DynamoDB and the request units of each operation; `measured_times.json` has the
processor time, in milliseconds, of INIT and of a warm request of each function, as `make bench` measured it.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ops.stack import CannotRunError

_HERE = Path(__file__).parent
TEMPLATE = _HERE.parents[1] / "template.yaml"


class RequestUnits(NamedTuple):
    """The calls to DynamoDB of one operation, and the request units of all of them.

    Attributes:
        reads, writes: the number of calls that read, and that write.
        rru, wru: read request units, write request units.
    """

    reads: int
    writes: int
    rru: float
    wru: float

    @property
    def calls(self) -> int:
        return self.reads + self.writes


@dataclass(frozen=True, slots=True)
class Times:
    """Of one function, in milliseconds of one whole processor: INIT, and a warm request without waiting for others."""

    init_ms: float
    warm_ms: float


# Of functions that are not in measured_times.json.
ASSUMED = Times(init_ms=400, warm_ms=4)


@dataclass(frozen=True, slots=True)
class Figures:
    """Attributes:
    memory: of each function, in MB.
    parameters: the defaults of the template's.
    projected_at_once: invocations of the projector at once for a shard of the stream.
    traced: whether functions are traced.
    alarmed: how many metrics are looked at by alarms.
    snapshots: the functions that SnapStart would be for: people call them by the API, and wait.
    """

    units: Mapping[str, RequestUnits]
    times: Mapping[str, Times]
    memory: Mapping[str, float]
    parameters: Mapping[str, float]
    projected_at_once: int
    traced: bool
    alarmed: int
    snapshots: tuple[str, ...]

    def times_of(self, function: str) -> Times:
        return self.times.get(function, ASSUMED)


@cache
def figures() -> Figures:
    """Raises:
    CannotRunError: this is no checkout: there is no template beside the code.
    """
    template = _template()
    resources, globally = template["Resources"], template["Globals"]["Function"]
    functions = {name: each["Properties"] for name, each in resources.items() if each["Type"].endswith("::Function")}
    alarms = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    answering = [
        name
        for name, each in functions.items()
        if any(event["Type"] == "HttpApi" for event in each.get("Events", {}).values())
    ]
    return Figures(
        units=request_units(),
        times={name: Times(**each) for name, each in _measured_times().items()},
        memory={name: each.get("MemorySize", globally["MemorySize"]) for name, each in functions.items()},
        parameters={name: each["Default"] for name, each in template["Parameters"].items() if each["Type"] == "Number"},
        projected_at_once=functions["ProjectorFunction"]["Events"]["Written"]["Properties"]["ParallelizationFactor"],
        traced=globally["Tracing"] == "Active",
        alarmed=sum(max(1, sum("MetricStat" in metric for metric in each.get("Metrics", ()))) for each in alarms),
        snapshots=tuple(answering),
    )


def request_units() -> dict[str, RequestUnits]:
    """Return the calls and request units by operation."""
    costs = tomllib.loads((_HERE / "request_units.toml").read_text())
    return {operation: RequestUnits(**cost) for operation, cost in costs.items()}


def _measured_times() -> dict[str, dict[str, float]]:
    times: dict[str, dict[str, float]] = json.loads((_HERE / "measured_times.json").read_text())
    return times


def _template() -> dict[str, Any]:
    from samtranslator.yaml_helper import yaml_parse

    if not TEMPLATE.exists():
        raise CannotRunError(f"This runs from a checkout: there is no {TEMPLATE.name} at {TEMPLATE.parent}.")
    template: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return template
