"""python -m testkit.fuzz: every operation of the published document, asked with data of all kinds, on a stack of its own.

FUZZ_SEED     what the data comes from, 1
FUZZ_SECONDS  how long each role asks, 30
FUZZ_ROLES    who asks, "alice carl mia"
FUZZ_REQUESTS how many requests there are at least: as long as there are fewer, all roles ask again, with the next
              seed and on a fresh stack; 0

One role after the other: the engine is what takes the time, and a seed then says more about what was asked. The
merchant comes last, who may turn the gifts of a whole store off.
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
# Gifts that are made before the first role asks end while it does.
WINDOW = 30
ROLES = os.environ.get("FUZZ_ROLES", "alice carl mia").split()


def main() -> int:
    """Answer 0 when every operation was asked, and no answer was other than the document says."""
    started = time.monotonic()
    shutil.rmtree(REPORTS, ignore_errors=True)
    for seed in itertools.count(int(SEED)):
        failed = ask_all(seed)
        if failed or seen().total() >= REQUESTS:
            break
    asked = report()
    cli.say(f"{time.monotonic() - started:.0f} s; reports are in {REPORTS.relative_to(ROOT)}/<role>-<seed>/")
    for role in failed:
        cli.say((REPORTS / f"{role}-{seed}" / "said.txt").read_text(), error=True)
        again = f"FUZZ_SEED={seed} FUZZ_SECONDS={SECONDS} FUZZ_ROLES={role} make fuzz"
        cli.say(f"That was as {role}. Again: {again}", error=True)
    return 0 if asked and not failed else 1


def ask_all(seed: int) -> list[str]:
    """All roles ask, on a stack of their own; answers those that got a wrong answer."""
    folder = Path(tempfile.mkdtemp(prefix="handsel-fuzz-"))
    environ = {"LOCAL_DIR": str(folder)}
    failed = []
    try:
        if cli.up(Settings(port=free_port(), claim_window_seconds=WINDOW), environ, hints=False):
            raise RuntimeError("The stack did not start.")
        stack = read_stack(folder)
        pools, hidden = prepare(stack)
        for role in ROLES:
            cli.say(f"Asking as {role}, for {SECONDS} s, seed {seed} ...")
            if not ask(stack, role, seed, pools[role], hidden[role]):
                failed.append(role)
    finally:
        cli.down(environ)
        shutil.rmtree(folder, ignore_errors=True)
    return failed


def address_of(name: str) -> dict[str, object]:
    """Where somebody's parcels go, in words that are nobody else's."""
    street = f"Canary street of {name}"
    return {"name": street, "phone": "1", "lines": [street], "city": "B", "postal_code": "2", "country": "CN"}


def prepare(stack: Stack) -> tuple[dict[str, Pool], dict[str, list[str]]]:
    """Orders, gifts of every kind and holdings of each role, so that the first calls are about something already.

    Answers what each role knows then: everything, and last what is its own. And what nobody ever shows it: where others
    live, unless it ships there, and their vouchers, unless it redeems them.
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

    def learn(name: str, answer: httpx.Response) -> None:
        if not answer.is_success:
            raise RuntimeError(f"{answer.request.method} {answer.request.url}: {answer.text}")
        for pool in (known, own[name]):
            pool.learn(answer.json())
        if answer.request.content:
            label, path = contract.label(answer.request.method, answer.request.url.path)
            own[name].was_done(label, path, json.loads(answer.request.content))

    clients = [Client(stack, name, on_answer=partial(learn, name)) for name in names]
    for client in clients:
        client.get("/me")  # an account is there from the first call on
    for giver, receiver in zip(clients, [*clients[1:], clients[0]], strict=True):
        for kind, cover in (("parcel", "parcel-kraft"), ("voucher", "red-classic")):
            giver.get(f"/wrappings?kind={kind}")
            wrapping = {"cover_id": cover, "blessing_id": "best-wishes"}
            body = {"product_id": stack["products"][kind], "quantity": 50, "payment": payment()}
            path = f"/orders/{giver.post('/orders', body).json()['order_id']}"
            giver.post(f"{path}/use", {"quantity": 2, "address": address_of(str(giver.user))})
            for shares, more in (*[(1, {"recipient_id": receiver.user_id})] * 2, (5, {}), *[(2, {})] * 3):
                gift = giver.post(f"{path}/gifts", {"shares": shares, "wrapping": wrapping, **more}).json()
                if shares == 2:
                    body = {"secret": gift["secret"], "address": address_of(str(receiver.user))}
                    receiver.post(f"/gifts/{gift['gift_id']}/claims", body)
        body = {"product_id": stack["products"]["voucher"], "payment": payment(), "wrapping": wrapping}
        receiver.post(f"/gifts/{gift['gift_id']}/return-gifts", body)
    for client in clients:
        client.close()
    hidden = {
        role: []
        if "store_id" in stack["users"][role]
        else [each for name in names if name != role for each in (f"of {name}", *own[name].all("code"))]
        for role in ROLES
    }
    return {role: known.with_own(own[role]) for role in ROLES}, hidden


def ask(stack: Stack, role: str, seed: int, pool: Pool, hidden: list[str]) -> bool:
    """One role asks everything; whether every answer was right."""
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
    with (folder / "said.txt").open("wb") as said:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0


def report() -> bool:
    """How many requests were sent, and how many different answers were seen; whether every operation was asked."""
    everything = seen()
    for role in ROLES:
        _count(role, seen(role))
    _count("all", everything)
    broken = sum(
        count for each, count in everything.items() if each.split()[2] >= "500" and "payment-unknown" not in each
    )
    cli.say(f"  {broken} answers of 5xx but for payments whose outcome is not known")
    document = json.loads(FILE.read_text())
    never = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    never_asked = never - {" ".join(each.split()[:2]) for each in everything}
    never_done = never - {" ".join(each.split()[:2]) for each in everything if each.split()[2].startswith("2")}
    if never_done:
        cli.say("  Never answered with what was asked for: " + ", ".join(sorted(never_done)))
    if never_asked:
        cli.say("Never asked at all, so FUZZ_SECONDS has to be more: " + ", ".join(sorted(never_asked)), error=True)
    return not never_asked


def seen(role: str = "*") -> Counter[str]:
    """How often each operation was answered with each status and code."""
    everything = Counter[str]()
    for file in REPORTS.glob(f"{role}-*/seen.json"):
        everything.update(json.loads(file.read_text()))
    return everything


def _count(name: str, counted: Counter[str]) -> None:
    pairs = {" ".join(each.split()[:3]) for each in counted}
    total = f"{counted.total():6} requests"
    cli.say(f"  {name:6} {total}, {len(pairs):4} pairs of operation and status, {len(counted):4} with codes")


if __name__ == "__main__":
    sys.exit(main())
