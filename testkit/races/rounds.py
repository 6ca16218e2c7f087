"""One round of each kind of race. Each returns its counts, or raises UnexpectedResponse at the first wrong result."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import httpx

from local.client import Stack, payment
from testkit.http_client import WRAPPING, RetryingClient, UnexpectedResponse, code_of, expect, require_success

T = TypeVar("T")
# A gift, and a call about it by a user.
Call = tuple[dict[str, Any], str, Callable[[], httpx.Response]]

# Fewer concurrent reads than calls: each additional one costs a cold start.
_READERS = 4
# The time for TTL and the stream to settle expired gifts.
_SETTLED_SECONDS = 20.0
# The end of a claim window is awaited in real time from this many seconds before it on: time for starting the calls.
_NEAR_END = 2
# Calls start this many seconds before or after the end of the claim window, so that most are in progress at the end.
_BEFORE_END, _AFTER_END = 0.08, 0.04
# The problem code of a failed claim, cancel or decline, by the state of the gift.
_PROBLEMS = {"claimed": "already-claimed", "cancelled": "cancelled", "declined": "declined", "returned": "expired"}


@dataclass
class Round:
    """The counts of one round.

    Attributes:
        winners: the number of successful calls.
        problems: the number of failed calls by problem code.
    """

    winners: int = 0
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def losers(self) -> int:
        return self.problems.total()


@dataclass(frozen=True)
class RaceStack:
    """A stack to race on, with a client and the number of concurrent calls."""

    stack: Stack
    client: RetryingClient
    in_flight: int

    def run(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Start calls in this order, up to the number of concurrent calls; return the results in the same order."""
        return run_concurrently(calls, self.in_flight)

    def advance_to(self, user: str, timestamp: str, *, before: int) -> float:
        """Advance the test clock to `before` seconds before a time, or less. Return by how many seconds it is ahead."""
        while True:
            clock = self.client.get(user, "/test/clock")
            left = int(_instant(timestamp) - _instant(clock["now"])) - before
            if left < 1:
                return float(clock["offset_seconds"])
            require_success(self.client.post(user, "/test/clock", {"advance_seconds": left}))

    def buy(self, buyer: str, quantity: int) -> dict[str, Any]:
        body = {"product_id": self.stack["products"]["voucher"], "quantity": quantity, "payment": payment()}
        return require_success(self.client.post(buyer, "/orders", body))

    def give(self, giver: str, order: dict[str, Any], shares: int, recipient: str | None = None) -> dict[str, Any]:
        body: dict[str, object] = {"shares": shares, "wrapping": WRAPPING}
        if recipient is not None:
            body["recipient_id"] = self.stack["users"][recipient]["user_id"]
        return require_success(self.client.post(giver, f"/orders/{order['order_id']}/gifts", body))

    def claim(self, claimer: str, gift: dict[str, Any]) -> httpx.Response:
        body = {} if gift["secret"] is None else {"secret": gift["secret"]}
        return self.client.post(claimer, f"/gifts/{gift['gift_id']}/claims", body)

    def expect_units(self, buyer: str, order: dict[str, Any], **units: int) -> None:
        """Check the units of an order; places that are not given have 0."""
        read = self.client.get(buyer, f"/orders/{order['order_id']}")["units"]
        expected = {"available": 0, "in_gift": 0, "gifted": 0, "used": 0, "refunded": 0} | units
        expect(f"units of order {order['order_id']}", read, expected)
        expect(f"sum of order {order['order_id']}", sum(read.values()), order["quantity"])

    def expect_holding(self, holder: str, holding: dict[str, Any]) -> None:
        """Check that the holder reads what the response acknowledged."""
        read = self.client.get(holder, f"/holdings/{holding['holding_id']}")
        for name in ("holding_id", "code", "gift_id", "state"):
            expect(f"{name} of holding {holding['holding_id']}", read[name], holding[name])


def run_concurrently(calls: Sequence[Callable[[], T]], in_flight: int) -> list[T]:
    """Make calls in `in_flight` threads; return the results in order."""
    with ThreadPoolExecutor(in_flight) as threads:
        return list(threads.map(lambda call: call(), calls))


def one_share(target: RaceStack, giver: str, claimers: Sequence[str]) -> Round:
    """Let all users claim a gift of one share: one succeeds, the others get `already-claimed`."""
    order = target.buy(giver, 1)
    gift = target.give(giver, order, 1)
    answers = target.run([partial(target.claim, claimer, gift) for claimer in claimers])
    seen = Round()
    won = _winners(seen, claimers, answers, problems={"already-claimed"})
    expect("winners", seen.winners, 1)
    (claimer,) = won
    _check_all_claimed(target, giver, order, gift, 1)
    target.expect_holding(claimer, won[claimer])
    return seen


def shares(target: RaceStack, giver: str, claimers: Sequence[str], count: int) -> Round:
    """Let each user claim twice at the same time: there are as many winners as shares, each with one share."""
    order = target.buy(giver, count)
    gift = target.give(giver, order, count)
    twice = [claimer for claimer in claimers for _ in range(2)]
    answers = target.run([partial(target.claim, claimer, gift) for claimer in twice])
    seen, repeated = Round(), Round()
    won = _winners(seen, claimers, answers[::2], problems={"already-claimed"})
    won_again = _winners(repeated, claimers, answers[1::2], problems={"already-claimed"})
    expect("winners", seen.winners, count)
    expect("results of the second calls", won_again, won)
    if (created := sum(answer.status_code == 201 for answer in answers)) > count:
        raise UnexpectedResponse(f"{created} claims of {count} shares returned 201")
    expect("different holdings", len({holding["holding_id"] for holding in won.values()}), count)
    expect("different voucher codes", len({holding["code"] for holding in won.values()}), count)
    _check_all_claimed(target, giver, order, gift, count)
    run_concurrently([partial(target.expect_holding, claimer, holding) for claimer, holding in won.items()], _READERS)
    return seen


def units(target: RaceStack, buyer: str, quantity: int, writers: int, rng: random.Random) -> Round:
    """Give, refund and use units of one order concurrently: the acknowledged units are available ones, and no more."""
    order = target.buy(buyer, quantity)
    path = f"/orders/{order['order_id']}"
    tasks = [(operation, rng.randint(1, 3)) for operation in ("gifts", "refunds", "use") for _ in range(writers)]
    rng.shuffle(tasks)

    def write(operation: str, count: int) -> httpx.Response:
        body = {"shares": count, "wrapping": WRAPPING} if operation == "gifts" else {"quantity": count}
        return target.client.post(buyer, f"{path}/{operation}", body)

    answers = target.run([partial(write, operation, count) for operation, count in tasks])
    seen, moved, created = Round(), Counter[str](), []
    for (operation, count), answer in zip(tasks, answers, strict=True):
        if answer.status_code == 201:
            seen.winners += 1
            moved[operation] += count
            created.append((operation, count, answer.json()))
        else:
            _record_loss(seen, answer, {"units-not-available"})
    left = quantity - moved.total()
    # Units only leave the order, so a failed call requested more than is left now.
    failed = [count for (_, count), answer in zip(tasks, answers, strict=True) if answer.status_code != 201]
    if min(failed) <= left:
        raise UnexpectedResponse(f"a request for {min(failed)} units failed, and {left} are left")
    target.expect_units(
        buyer, order, available=left, in_gift=moved["gifts"], used=moved["use"], refunded=moved["refunds"]
    )
    codes = set()
    for operation, count, body in created:
        match operation:
            case "gifts":
                gift = target.client.get(buyer, f"/gifts/{body['gift_id']}")
                expect("a gift that was acknowledged", (gift["state"], gift["remaining"]), ("open", count))
            case "refunds":
                expect("a refund that was acknowledged", (body["quantity"], body["status"]), (count, "refunded"))
            case _:
                expect("vouchers of a use", len(body["holdings"]), count)
                for holding in body["holdings"]:
                    target.expect_holding(buyer, holding)
                    codes.add(holding["code"])
    expect("different voucher codes", len(codes), moved["use"])
    gifts = target.client.get(buyer, f"{path}/gifts?limit=100")["items"]
    expect("gifts of the order", {gift["gift_id"] for gift in gifts}, {
        body["gift_id"] for operation, _, body in created if operation == "gifts"
    })  # fmt: skip
    return seen


def ends(target: RaceStack, giver: str, friends: Sequence[str], gifts: int, rng: random.Random) -> Round:
    """Claim, cancel and decline many gifts around the end of their claim windows: each share has exactly one end.

    Half of the gifts are for one recipient, who claims and declines; the others have three shares and four claimers. Half
    of each kind are called at once, the rest at the end of the claim window.
    """
    order = target.buy(giver, gifts // 2 * 4)
    parts = [(1, friends[number % len(friends)]) for number in range(gifts // 2)] + [(3, None)] * (gifts // 2)
    given = run_concurrently(
        [partial(target.give, giver, order, count, recipient) for count, recipient in parts], _READERS
    )
    at_once, at_end = list[Call](), list[Call]()
    for number, (gift, (_, recipient)) in enumerate(zip(given, parts, strict=True)):
        calls = at_end if number % 2 else at_once
        path = f"/gifts/{gift['gift_id']}"
        claimers = friends[:4] if recipient is None else [recipient]
        calls += [(gift, claimer, partial(target.claim, claimer, gift)) for claimer in claimers]
        if recipient is not None:
            calls.append((gift, recipient, partial(target.client.post, recipient, f"{path}/decline")))
        calls.append((gift, giver, partial(target.client.post, giver, f"{path}/cancel")))
    rng.shuffle(at_once)
    rng.shuffle(at_end)
    at_end.sort(key=lambda call: str(call[0]["expires_at"]))
    # Calls at once are never too late.
    answers = [(answer, 0.0) for answer in target.run([call for _, _, call in at_once])]
    ahead = target.advance_to(giver, min(gift["expires_at"] for gift in given), before=_NEAR_END)

    def call_at_end(gift: dict[str, Any], call: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
        start = _instant(gift["expires_at"]) + rng.uniform(-_BEFORE_END, _AFTER_END)
        time.sleep(max(0.0, start - ahead - time.time()))
        return call(), time.time() + ahead

    answers += target.run([partial(call_at_end, gift, call) for gift, _, call in at_end])
    time.sleep(max(0.0, max(_instant(gift["expires_at"]) for gift in given) - ahead - time.time()))
    seen, claims = Round(), 0
    for gift in given:
        results = [
            (who, answer, at)
            for (about, who, _), (answer, at) in zip(at_once + at_end, answers, strict=True)
            if about is gift
        ]
        claims += _check_end(target, giver, gift, results, seen)
    target.expect_units(giver, order, available=order["quantity"] - claims, gifted=claims)
    _check_settled(target, giver, order, given)
    return seen


def _check_end(
    target: RaceStack, giver: str, gift: dict[str, Any], results: list[tuple[str, httpx.Response, float]], seen: Round
) -> int:
    """Compare all responses about one gift with its final state; return the number of claims."""
    read = target.client.get(giver, f"/gifts/{gift['gift_id']}")
    state, won = read["state"], {}
    for who, answer, at in results:
        if answer.is_success and "holding_id" in answer.json():
            won[who] = answer.json()
        elif answer.is_success:
            expect(f"end of gift {gift['gift_id']}", state, "cancelled" if who == giver else "declined")
        else:
            expired = {"expired"} if at >= _instant(gift["expires_at"]) else set()
            _record_loss(seen, answer, {_PROBLEMS[state]} | expired)
    ended = [who for who, answer, _ in results if answer.is_success and "holding_id" not in answer.json()]
    expect(
        f"successful ends of the {state} gift {gift['gift_id']}", len(ended), int(state in ("cancelled", "declined"))
    )
    expect(f"claims of the {state} gift {gift['gift_id']}", len(won), gift["shares"] - read["remaining"])
    expect(f"whether gift {gift['gift_id']} is all taken", state == "claimed", read["remaining"] == 0)
    for claimer, holding in won.items():
        target.expect_holding(claimer, holding)
    seen.winners += len(won) + len(ended)
    return len(won)


def _winners(
    seen: Round, claimers: Sequence[str], answers: Sequence[httpx.Response], *, problems: set[str]
) -> dict[str, dict[str, Any]]:
    """Return the holdings by claimer; the other claimers must have got one of `problems`."""
    won = {}
    for claimer, answer in zip(claimers, answers, strict=True):
        if answer.is_success:
            won[claimer] = answer.json()
        else:
            _record_loss(seen, answer, problems)
    seen.winners += len(won)
    return won


def _record_loss(seen: Round, answer: httpx.Response, problems: set[str]) -> None:
    code = code_of(answer)
    if code not in problems:
        raise UnexpectedResponse(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {code}, not {problems}"
        )
    seen.problems[code] += 1


def _check_all_claimed(target: RaceStack, giver: str, order: dict[str, Any], gift: dict[str, Any], count: int) -> None:
    read = target.client.get(giver, f"/gifts/{gift['gift_id']}")
    expect("the gift", (read["state"], read["remaining"], len(read["claims"])), ("claimed", 0, count))
    target.expect_units(giver, order, gifted=count)


def _check_settled(target: RaceStack, giver: str, order: dict[str, Any], given: Sequence[dict[str, Any]]) -> None:
    """Check that every expired gift is settled: its giver gets exactly one message."""
    expired = {
        gift["gift_id"]
        for gift in given
        if target.client.get(giver, f"/gifts/{gift['gift_id']}")["state"] == "returned"
    }
    deadline = time.monotonic() + _SETTLED_SECONDS
    while True:
        items = target.client.get(giver, "/messages?limit=100")["items"]
        messages = Counter(item["gift_id"] for item in items if item["kind"] == "gift_returned")
        if set(messages) >= expired:
            break
        if time.monotonic() > deadline:
            raise UnexpectedResponse(f"after {_SETTLED_SECONDS} s there is no message about {expired - set(messages)}")
        time.sleep(0.2)
    doubled = {gift_id: count for gift_id, count in messages.items() if count > 1}
    expect("gifts with several messages about their expiry", doubled, {})


def _instant(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
