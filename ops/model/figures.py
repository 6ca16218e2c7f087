"""Load the inputs of the model: measurements of the code, and the settings of template.yaml.

`request_units.toml` has the calls to DynamoDB and the request units of each operation; `measured_times.json` has the
processor time, in milliseconds, of INIT and of a warm request of each function, as `make bench` measured it.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ops.stack import CannotRunError

_HERE = Path(__file__).parent
TEMPLATE = _HERE.parents[1] / "template.yaml"


class PublicRoute(NamedTuple):
    """A route without authentication.

    Attributes:
        key: the method and the path.
        rate: its limit by default, in requests per second.
        largest: the size of its largest response, not compressed, in bytes.
    """

    key: str
    rate: float
    largest: int


class RequestUnits(NamedTuple):
    """The calls to DynamoDB of one operation, and the request units of all of them.

    Attributes:
        reads: the number of calls that read.
        writes: the number of calls that write.
        rru: read request units.
        wru: write request units.
    """

    reads: int
    writes: int
    rru: float
    wru: float

    @property
    def calls(self) -> int:
        """Return the number of calls."""
        return self.reads + self.writes


@dataclass(frozen=True, slots=True)
class Times:
    """Processor times of one function, in milliseconds of a whole processor: INIT, and a warm request without waiting."""

    init_ms: float
    warm_ms: float


# For functions that are not in measured_times.json.
ASSUMED = Times(init_ms=400, warm_ms=4)


@dataclass(frozen=True, slots=True)
class Figures:
    """The inputs of the model.

    Attributes:
        units: calls and request units by operation.
        times: processor times by function.
        memory: memory by function, in MB.
        parameters: defaults of the numeric template parameters.
        throttles: requests per second of the routes with a limit of their own.
        projector_concurrency: concurrent invocations of the projector for a shard of the stream.
        traced: whether functions are traced.
        alarm_metrics: the number of metrics that alarms read.
        public: the routes without authentication.
        snapshots: the functions that SnapStart would apply to: those that the API calls.
    """

    units: Mapping[str, RequestUnits]
    times: Mapping[str, Times]
    memory: Mapping[str, float]
    parameters: Mapping[str, float]
    throttles: Mapping[str, float]
    projector_concurrency: int
    traced: bool
    alarm_metrics: int
    public: tuple[PublicRoute, ...]
    snapshots: tuple[str, ...]

    def times_of(self, function: str) -> Times:
        """Return the processor times of a function, assumed if it was not measured."""
        return self.times.get(function, ASSUMED)


@cache
def figures() -> Figures:
    """Return the inputs of the model.

    Raises:
        CannotRunError: template.yaml is missing, because the code does not run from a checkout.
    """
    template = read_template()
    resources, globally = template["Resources"], template["Globals"]["Function"]
    functions = {name: each["Properties"] for name, each in resources.items() if each["Type"].endswith("::Function")}
    alarms = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    api_functions = [
        name
        for name, each in functions.items()
        if any(event["Type"] == "HttpApi" for event in each.get("Events", {}).values())
    ]
    return Figures(
        units=request_units(),
        times={name: Times(**each) for name, each in _measured_times().items()},
        memory={name: each.get("MemorySize", globally["MemorySize"]) for name, each in functions.items()},
        parameters={name: each["Default"] for name, each in template["Parameters"].items() if each["Type"] == "Number"},
        throttles={
            key: each["ThrottlingRateLimit"]
            for key, each in template["Resources"]["HttpApi"]["Properties"]["RouteSettings"].items()
        },
        projector_concurrency=template["Parameters"]["ProjectorParallelization"]["Default"],
        traced=globally.get("Tracing") == "Active",
        # A metric can be in an `Fn::If`.
        alarm_metrics=sum(max(1, json.dumps(each).count('"MetricStat"')) for each in alarms),
        public=tuple(_public_routes(template)),
        snapshots=tuple(api_functions),
    )


# The files of the largest responses of routes, in the repository. Other routes return pages and JSON.
_FILES = {
    "/assets/{version}/{asset}": "web/assets/*",
    "/covers/{file}": "public_api/covers/*",
    "/openapi.json": "public_api/openapi.json",
}
_PAGE_BYTES = 8_000


def _public_routes(template: Mapping[str, Any]) -> Iterator[PublicRoute]:
    resources = template["Resources"]
    settings = resources["HttpApi"]["Properties"]["RouteSettings"]
    for resource in resources.values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            route = event.get("Properties", {})
            if event["Type"] != "HttpApi" or route.get("Auth", {}).get("Authorizer") != "NONE":
                continue
            key = "$default" if route["Path"] == "$default" else f"{route['Method']} {route['Path']}"
            rate = settings[key]["ThrottlingRateLimit"]
            files = (TEMPLATE.parent / "functions").glob(_FILES[route["Path"]]) if route["Path"] in _FILES else ()
            largest = max((path.stat().st_size for path in files), default=_PAGE_BYTES)
            yield PublicRoute(key, rate, largest)


def request_units() -> dict[str, RequestUnits]:
    """Return the calls and request units by operation."""
    costs = tomllib.loads((_HERE / "request_units.toml").read_text())
    return {operation: RequestUnits(**cost) for operation, cost in costs.items()}


def _measured_times() -> dict[str, dict[str, float]]:
    times: dict[str, dict[str, float]] = json.loads((_HERE / "measured_times.json").read_text())
    return times


@cache
def read_template() -> dict[str, Any]:
    """Return template.yaml.

    Raises:
        CannotRunError: it is missing, because the code does not run from a checkout.
    """
    from samtranslator.yaml_helper import yaml_parse

    if not TEMPLATE.exists():
        raise CannotRunError(f"Run the command from a checkout: {TEMPLATE} does not exist.")
    template: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return template
