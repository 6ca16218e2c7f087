"""What was measured of this code, and what its template says: the rest of what cost and capacity are computed from.

`measured_units.json` has, by operation, the calls to DynamoDB and the request units they take; `measured_times.json`, by
function, the milliseconds of a processor that INIT and a warm request take. `make bench` says how they were measured.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ops.stack import CannotRunError

_HERE = Path(__file__).parent
TEMPLATE = _HERE.parents[1] / "template.yaml"


@dataclass(frozen=True, slots=True)
class Units:
    """Of one operation: how many calls to DynamoDB, and the read and write request units of all of them."""

    calls: float
    read: float
    write: float


@dataclass(frozen=True, slots=True)
class Times:
    """Of one function, in milliseconds of one whole processor: INIT, and a warm request without waiting for others."""

    init_ms: float
    warm_ms: float


# Of functions that are not in measured_times.json.
ASSUMED = Times(init_ms=400, warm_ms=4)


@dataclass(frozen=True, slots=True)
class Figures:
    """
    Attributes:
        memory: of each function, in MB.
        parameters: the defaults of the template's.
        projected_at_once: invocations of the projector at once for a shard of the stream.
        traced: whether functions are traced.
        alarmed: how many metrics are looked at by alarms.
        snapshots: the functions that SnapStart would be for: people call them by the API, and wait.
    """

    units: Mapping[str, Units]
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
        units={name: Units(**each) for name, each in _measured("units").items()},
        times={name: Times(**each) for name, each in _measured("times").items()},
        memory={name: each.get("MemorySize", globally["MemorySize"]) for name, each in functions.items()},
        parameters={name: each["Default"] for name, each in template["Parameters"].items() if each["Type"] == "Number"},
        projected_at_once=functions["ProjectorFunction"]["Events"]["Written"]["Properties"]["ParallelizationFactor"],
        traced=globally["Tracing"] == "Active",
        alarmed=sum(max(1, sum("MetricStat" in metric for metric in each.get("Metrics", ()))) for each in alarms),
        snapshots=tuple(answering),
    )


def _measured(what: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads((_HERE / f"measured_{what}.json").read_text())
    return found


def _template() -> dict[str, Any]:
    from samtranslator.yaml_helper import yaml_parse

    if not TEMPLATE.exists():
        raise CannotRunError(f"This runs from a checkout: there is no {TEMPLATE.name} at {TEMPLATE.parent}.")
    template: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return template
