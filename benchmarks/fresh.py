"""Run `child.py` in fresh interpreters on the artifacts, with one request of each function."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from benchmarks.artifacts import Artifacts, artifacts
from benchmarks.loopback import serving
from benchmarks.replay import Player, Recording, record
from local import template
from testkit.handlers.costs import OPERATIONS, Prepared
from testkit.handlers.stack import Stack, event

CHILD = Path(__file__).parent / "child.py"


def _get(user: str | None, path: str) -> Prepared:
    return lambda stack: lambda: stack.call(user, "GET", path)


def _event(function: str, name: str) -> Prepared:
    return lambda stack: lambda: stack.invoke(function, event(name))


def _page(stack: Stack) -> Callable[[], Any]:
    gift = stack.give(stack.buy())
    return lambda: stack.call(None, "GET", f"/g/{gift['gift_id']}")


def _carrier_report(stack: Stack) -> Callable[[], Any]:
    holding = stack.use_parcel(stack.buy(product="parcel"))
    inbound = event("inbound_report")
    inbound["detail"]["shipment_id"] = holding["shipment_id"]
    return lambda: stack.invoke("InboundFunction", inbound)


# For each function, the request with the most waiting callers.
REQUESTS: Mapping[str, Prepared] = {
    "PurchaseFunction": OPERATIONS["buy"],
    "OrderFunction": OPERATIONS["use a voucher"],
    "GiftFunction": OPERATIONS["give by link"],
    "ClaimFunction": OPERATIONS["claim a voucher"],
    "ReturnGiftFunction": OPERATIONS["give in return"],
    "HoldingFunction": _get("alice", "/holdings"),
    "CatalogFunction": OPERATIONS["view a product"],
    "PreferencesFunction": OPERATIONS["tag"],
    "MerchantFunction": OPERATIONS["redeem"],
    "ShipmentFunction": OPERATIONS["report on a parcel"],
    "DirectoryFunction": _get("alice", "/people"),
    "AccountFunction": _get("alice", "/me"),
    "OrderCenterFunction": OPERATIONS["order center"],
    "MessageFunction": OPERATIONS["list messages"],
    "PublicApiFunction": OPERATIONS["preview a gift"],
    "WebFunction": _page,
    "PostConfirmationFunction": _event("PostConfirmationFunction", "post_confirmation_sign_up"),
    "RestoreFunction": OPERATIONS["restore"],
    "ProjectorFunction": OPERATIONS["record GIFT given"],
    "InboundFunction": _carrier_report,
    "SweepFunction": OPERATIONS["sweep"],
    "HealthFunction": _event("HealthFunction", "health_every_five_minutes"),
}
# Functions without waiting callers (stream, schedule, sign-up); they do not load the API layer.
BACKGROUND = ("PostConfirmationFunction", "RestoreFunction", "ProjectorFunction", "SweepFunction", "HealthFunction")
VARIABLES = {
    "TABLE_NAME": "handsel-test",
    "CLAIM_WINDOW_SECONDS": "86400",
    "PAYMENT_PROVIDER": "sandbox",
    "POWERTOOLS_SERVICE_NAME": "handsel",
    "POWERTOOLS_METRICS_NAMESPACE": "Handsel",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
    "PYTHONDONTWRITEBYTECODE": "1",  # as on Lambda, where the code is read-only
}


def _variables(properties: Mapping[str, Any]) -> dict[str, str]:
    """Return a function's environment variables, with a placeholder for values that CloudFormation fills in."""
    own = properties.get("Environment", {}).get("Variables", {})
    return {name: value if isinstance(value, str) else "placeholder" for name, value in own.items()}


@cache
def recordings() -> dict[str, Recording]:
    """Return the recording of each function's request."""
    return record(REQUESTS)


class Fresh:
    """Runs fresh interpreters, with a player that responds to their AWS calls."""

    def __init__(self) -> None:
        self.artifacts: Artifacts = artifacts()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._folder = Path(self._open.enter_context(TemporaryDirectory()))
        self._player = Player()
        self._url = self._open.enter_context(serving(self._player.answer))
        resources = template.read()["Resources"]
        self._variables = {name: _variables(resources[name]["Properties"]) for name in REQUESTS}
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def reference(self) -> float:
        """Return R0 in CPU seconds: a DynamoDB client from the packages as pip installs them."""
        return float(self._run("reference", {"PYTHONPATH": str(self.artifacts.installed)})[0]["import"])

    def run(self, mode: str, function: str, tree: Path, *arguments: int) -> tuple[dict[str, Any], str]:
        """Run a child; return its result and its other output."""
        recording = recordings()[function]
        request = self._folder / f"{function}.json"
        request.write_text(json.dumps({k: v for k, v in asdict(recording).items() if k != "calls"}))
        self._player.play(recording.calls)
        variables = {"PYTHONPATH": self.artifacts.path(tree, function), **self._variables[function]}
        return self._run(mode, variables, str(request), *map(str, arguments))

    def _run(self, mode: str, variables: dict[str, str], *arguments: str) -> tuple[dict[str, Any], str]:
        done = subprocess.run(
            [self.artifacts.python, "-s", str(CHILD), mode, *arguments],
            env={"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": self._url, **VARIABLES, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{mode} {variables['PYTHONPATH']}:\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
        *before, last = done.stdout.splitlines()
        took: dict[str, Any] = json.loads(last)
        return took, "\n".join(before)
