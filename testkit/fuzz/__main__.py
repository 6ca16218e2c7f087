"""Send generated requests to every operation of the published document, on a local stack: `python -m testkit.fuzz`.

FUZZ_SEED     the seed of the generated data, 1
FUZZ_SECONDS  the time for each role, in seconds, 30
FUZZ_ROLES    the users who send requests, "alice carl mia"
FUZZ_REQUESTS the minimum number of requests: while there are fewer, all roles run again with the next seed and a fresh
              stack; 0

The roles run one after the other: the engine is the bottleneck, and runs are easier to reproduce. The merchant comes last,
because it can disable gifts for a whole store.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

import httpx

from local import cli
from local.client import Client, Stack, payment, read_stack
from local.engine import free_port
from local.settings import ROOT, Settings
from testkit import contract
from testkit.fuzz.pool import Pool
from tools.openapi import FILE

REPORTS = ROOT / ".local" / "fuzz"
SEED = os.environ.get("FUZZ_SEED", "1")
SECONDS = os.environ.get("FUZZ_SECONDS", "30")
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "0"))
# In seconds: the gifts of the preparation expire while the first role runs.
WINDOW = 30
ROLES = os.environ.get("FUZZ_ROLES", "alice carl mia").split()


def main() -> int:
    """Run all roles; return the exit status: 0 if every operation was called and every response matches the document."""
    started = time.monotonic()
    shutil.rmtree(REPORTS, ignore_errors=True)
    for seed in itertools.count(int(SEED)):
        failed = fuzz_all_roles(seed)
        if failed or count_responses().total() >= REQUESTS:
            break
    complete = report()
    cli.say(f"{time.monotonic() - started:.0f} s; reports are in {REPORTS.relative_to(ROOT)}/<role>-<seed>/")
    for role in failed:
        cli.say((REPORTS / f"{role}-{seed}" / "output.txt").read_text(), error=True)
        command = f"FUZZ_SEED={seed} FUZZ_SECONDS={SECONDS} FUZZ_ROLES={role} make fuzz"
        cli.say(f"The role was {role}. Repeat with: {command}", error=True)
    return 0 if complete and not failed else 1


def fuzz_all_roles(seed: int) -> list[str]:
    """Run all roles on a fresh stack; return the roles that got a wrong response."""
    folder = Path(tempfile.mkdtemp(prefix="handsel-fuzz-"))
    environ = {"LOCAL_DIR": str(folder)}
    failed = []
    try:
        if cli.up(Settings(port=free_port(), claim_window_seconds=WINDOW), environ, hints=False):
            raise RuntimeError("The stack did not start.")
        stack = read_stack(folder)
        pools, hidden = prepare(stack)
        for role in ROLES:
            cli.say(f"Running as {role}, for {SECONDS} s, seed {seed} ...")
            if not fuzz_role(stack, role, seed, pools[role], hidden[role]):
                failed.append(role)
    finally:
        cli.down(environ)
        shutil.rmtree(folder, ignore_errors=True)
    return failed


def build_address(name: str) -> dict[str, object]:
    """Return an address that is unique to a user."""
    street = f"Canary street of {name}"
    return {"name": street, "phone": "10010", "lines": [street], "city": "B", "postal_code": "100000", "country": "CN"}


def prepare(stack: Stack) -> tuple[dict[str, Pool], dict[str, list[str]]]:
    """Create orders, gifts of every kind and holdings of each role, so that the first requests can refer to them.

    Returns:
        The pool of each role: all values, its own as the newest. And the texts that no response to a role may contain:
        addresses of other users, and their voucher codes. Merchants may see both, so they have none.
    """
    names = ("bob", *ROLES)
    known, own = Pool(), {name: Pool() for name in names}
    users = stack["users"].values()
    known.add("product_id", *stack["products"].values())
    known.add("user_id", *(user["user_id"] for user in users))
    known.add("handle", *(user["handle"] for user in users))
    known.add("store_id", *{user["store_id"] for user in users if "store_id" in user})
    known.add("carrier", *{user["carrier"] for user in users if "carrier" in user})
    known.add("token", *["tok_ok"] * 4, "tok_timeout", "tok_declined")
    known.add("file", "red-classic.svg", "parcel-kraft.svg")
    known.add("asset", "app.js", "base.css")

    def collect(name: str, answer: httpx.Response) -> None:
        if not answer.is_success:
            raise RuntimeError(f"{answer.request.method} {answer.request.url}: {answer.text}")
        for pool in (known, own[name]):
            pool.collect(answer.json())
        if answer.request.content:
            label, path = contract.label(answer.request.method, answer.request.url.path)
            own[name].add_request(label, path, json.loads(answer.request.content))

    clients = [Client(stack, name, on_answer=partial(collect, name)) for name in names]
    for client in clients:
        client.get("/me")  # the first call creates the account
    for giver, receiver in zip(clients, [*clients[1:], clients[0]], strict=True):
        for kind, cover in (("parcel", "parcel-kraft"), ("voucher", "red-classic")):
            giver.get(f"/wrappings?kind={kind}")
            wrapping = {"cover_id": cover, "blessing_id": "best-wishes"}
            body = {"product_id": stack["products"][kind], "quantity": 50, "payment": payment()}
            path = f"/orders/{giver.post('/orders', body).json()['order_id']}"
            giver.post(f"{path}/use", {"quantity": 2, "address": build_address(str(giver.user))})
            for shares, more in (*[(1, {"recipient_id": receiver.user_id})] * 2, (5, {}), *[(2, {})] * 3):
                gift = giver.post(f"{path}/gifts", {"shares": shares, "wrapping": wrapping, **more}).json()
                if shares == 2:
                    body = {"secret": gift["secret"], "address": build_address(str(receiver.user))}
                    receiver.post(f"/gifts/{gift['gift_id']}/claims", body)
        body = {"product_id": stack["products"]["voucher"], "payment": payment(), "wrapping": wrapping}
        receiver.post(f"/gifts/{gift['gift_id']}/return-gifts", body)
    for client in clients:
        client.close()
    hidden = {
        role: []
        if "store_id" in stack["users"][role]
        else [each for name in names if name != role for each in (f"of {name}", *own[name].get_all("code"))]
        for role in ROLES
    }
    return {role: known.with_own(own[role]) for role in ROLES}, hidden


def fuzz_role(stack: Stack, role: str, seed: int, pool: Pool, hidden: list[str]) -> bool:
    """Run schemathesis as one role; return whether every response was right."""
    folder = REPORTS / f"{role}-{seed}"
    folder.mkdir(parents=True)
    pool.save(folder)
    (folder / "hidden.json").write_text(json.dumps(hidden))
    command = [
        *(Path(sys.executable).parent / "schemathesis", "--config-file", Path(__file__).parent / "schemathesis.toml"),
        *("run", FILE, "--url", stack["api_url"], "--no-color", "--output-sanitize", "false"),
        *("--seed", str(seed), "--max-time", SECONDS, "--generation-database", "none"),
        *("--report-html-path", folder / "html", "--report-ndjson-path", folder / "events.ndjson"),
    ]
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "testkit.fuzz.hooks",
        "FUZZ_FOLDER": str(folder),
        "FUZZ_SEED": f"{role} {seed}",
        "FUZZ_TOKEN": stack["users"][role]["token"],
    }
    with (folder / "output.txt").open("wb") as output:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0


def report() -> bool:
    """Print the number of requests and of different responses; return whether every operation was called."""
    everything = count_responses()
    for role in ROLES:
        _print_counts(role, count_responses(role))
    _print_counts("all", everything)
    server_errors = sum(
        count for each, count in everything.items() if each.split()[2] >= "500" and "payment-unknown" not in each
    )
    cli.say(f"  {server_errors} responses with 5xx, except payments with an unknown outcome")
    document = json.loads(FILE.read_text())
    operations = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    uncalled = operations - {" ".join(each.split()[:2]) for each in everything}
    unsuccessful = operations - {" ".join(each.split()[:2]) for each in everything if each.split()[2].startswith("2")}
    if unsuccessful:
        cli.say("  Never successful: " + ", ".join(sorted(unsuccessful)))
    if uncalled:
        cli.say("Never called, so FUZZ_SECONDS has to be larger: " + ", ".join(sorted(uncalled)), error=True)
    return not uncalled


def count_responses(role: str = "*") -> Counter[str]:
    """Return the number of responses by operation, status and code."""
    everything = Counter[str]()
    for file in REPORTS.glob(f"{role}-*/responses.json"):
        everything.update(json.loads(file.read_text()))
    return everything


def _print_counts(name: str, counted: Counter[str]) -> None:
    pairs = {" ".join(each.split()[:3]) for each in counted}
    total = f"{counted.total():6} requests"
    cli.say(f"  {name:6} {total}, {len(pairs):4} pairs of operation and status, {len(counted):4} with codes")


if __name__ == "__main__":
    sys.exit(main())
