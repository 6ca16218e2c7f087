"""One round of each kind of race: it answers what was seen, or raises UnexpectedResponse at the first thing that must not be."""

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

# Reading is no race: every call more at once costs a cold start.
_READERS = 4
# By then the time to live and the stream have written down what the clock made true.
_SETTLED_SECONDS = 20.0
# Around the end of a window, in seconds: most claims of a gift that ends just now are under way.
_BEFORE_END, _AFTER_END = 0.08, 0.04
# What a refused claim, cancel or decline is told of a gift that came to this end.
_TOLD = {"claimed": "already-claimed", "cancelled": "cancelled", "declined": "declined", "returned": "expired"}


@dataclass
class Round:
    """What one round saw.

    Attributes:
        told: how many of those who lost were told which code.
    """

    winners: int = 0
    told: Counter[str] = field(default_factory=Counter)

    @property
    def losers(self) -> int:
        return self.told.total()


@dataclass(frozen=True)
class Arena:
    """Where races are held: a stack, who calls it, and how many calls are under way at once."""

    stack: Stack
    client: RetryingClient
    in_flight: int

    def at_once(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Make the calls in this order, as many side by side as there may be; their answers in the same order."""
        return side_by_side(calls, self.in_flight)

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
        """That an order's units are these, and no others."""
        read = self.client.get(buyer, f"/orders/{order['order_id']}")["units"]
        wanted = {"available": 0, "in_gift": 0, "gifted": 0, "used": 0, "refunded": 0} | units
        expect(f"units of order {order['order_id']}", read, wanted)
        expect(f"sum of order {order['order_id']}", sum(read.values()), order["quantity"])

    def expect_kept(self, holder: str, holding: dict[str, Any]) -> None:
        """That what was acknowledged is what its holder reads."""
        read = self.client.get(holder, f"/holdings/{holding['holding_id']}")
        for name in ("holding_id", "code", "gift_id", "state"):
            expect(f"{name} of holding {holding['holding_id']}", read[name], holding[name])


def side_by_side(calls: Sequence[Callable[[], T]], in_flight: int) -> list[T]:
    with ThreadPoolExecutor(in_flight) as threads:
        return list(threads.map(lambda call: call(), calls))


def one_share(arena: Arena, giver: str, claimers: Sequence[str]) -> Round:
    """Everybody claims a gift of one share: one gets it, the others are told that it is gone."""
    order = arena.buy(giver, 1)
    gift = arena.give(giver, order, 1)
    answers = arena.at_once([partial(arena.claim, claimer, gift) for claimer in claimers])
    seen = Round()
    won = _winners(seen, claimers, answers, refused={"already-claimed"})
    expect("winners", seen.winners, 1)
    (claimer,) = won
    _all_taken(arena, giver, order, gift, 1)
    arena.expect_kept(claimer, won[claimer])
    return seen


def shares(arena: Arena, giver: str, claimers: Sequence[str], count: int) -> Round:
    """Everybody claims twice at the same moment: there are as many winners as shares, each with one of them."""
    order = arena.buy(giver, count)
    gift = arena.give(giver, order, count)
    twice = [claimer for claimer in claimers for _ in range(2)]
    answers = arena.at_once([partial(arena.claim, claimer, gift) for claimer in twice])
    seen, again = Round(), Round()
    won = _winners(seen, claimers, answers[::2], refused={"already-claimed"})
    won_again = _winners(again, claimers, answers[1::2], refused={"already-claimed"})
    expect("winners", seen.winners, count)
    expect("what those got who asked twice", won_again, won)
    if (made := sum(answer.status_code == 201 for answer in answers)) > count:
        raise UnexpectedResponse(f"{made} claims of {count} shares were answered 201")
    expect("different holdings", len({holding["holding_id"] for holding in won.values()}), count)
    expect("different voucher codes", len({holding["code"] for holding in won.values()}), count)
    _all_taken(arena, giver, order, gift, count)
    side_by_side([partial(arena.expect_kept, claimer, holding) for claimer, holding in won.items()], _READERS)
    return seen


def units(arena: Arena, buyer: str, quantity: int, writers: int, rng: random.Random) -> Round:
    """As many give, refund and use units of one order: what was acknowledged is what there was, and no more."""
    order = arena.buy(buyer, quantity)
    path = f"/orders/{order['order_id']}"
    tasks = [(what, rng.randint(1, 3)) for what in ("gifts", "refunds", "use") for _ in range(writers)]
    rng.shuffle(tasks)

    def write(what: str, wanted: int) -> httpx.Response:
        body = {"shares": wanted, "wrapping": WRAPPING} if what == "gifts" else {"quantity": wanted}
        return arena.client.post(buyer, f"{path}/{what}", body)

    answers = arena.at_once([partial(write, what, wanted) for what, wanted in tasks])
    seen, moved, made = Round(), Counter[str](), []
    for (what, wanted), answer in zip(tasks, answers, strict=True):
        if answer.status_code == 201:
            seen.winners += 1
            moved[what] += wanted
            made.append((what, wanted, answer.json()))
        else:
            _lost(seen, answer, {"units-not-available"})
    left = quantity - moved.total()
    # Units only left the order, so whoever was refused wanted more than there is now.
    refused = [wanted for (_, wanted), answer in zip(tasks, answers, strict=True) if answer.status_code != 201]
    if min(refused) <= left:
        raise UnexpectedResponse(f"{min(refused)} units were refused, and {left} are left")
    arena.expect_units(
        buyer, order, available=left, in_gift=moved["gifts"], used=moved["use"], refunded=moved["refunds"]
    )
    codes = set()
    for what, wanted, body in made:
        match what:
            case "gifts":
                gift = arena.client.get(buyer, f"/gifts/{body['gift_id']}")
                expect("a gift that was acknowledged", (gift["state"], gift["remaining"]), ("open", wanted))
            case "refunds":
                expect("a refund that was acknowledged", (body["quantity"], body["status"]), (wanted, "refunded"))
            case _:
                expect("vouchers of a use", len(body["holdings"]), wanted)
                for holding in body["holdings"]:
                    arena.expect_kept(buyer, holding)
                    codes.add(holding["code"])
    expect("different voucher codes", len(codes), moved["use"])
    gifts = arena.client.get(buyer, f"{path}/gifts?limit=100")["items"]
    expect("gifts of the order", {gift["gift_id"] for gift in gifts}, {
        body["gift_id"] for what, _, body in made if what == "gifts"
    })  # fmt: skip
    return seen


def ends(arena: Arena, giver: str, friends: Sequence[str], gifts: int, rng: random.Random) -> Round:
    """Claims, cancels, declines and the end of the window meet, for many gifts at once: each share goes one way.

    Half of the gifts are for one person, who claims and declines; the others have three shares, and four claim. The
    moment is now for half of each, and the end of the window for the rest.
    """
    order = arena.buy(giver, gifts // 2 * 4)
    parts = [(1, friends[number % len(friends)]) for number in range(gifts // 2)] + [(3, None)] * (gifts // 2)
    given = side_by_side([partial(arena.give, giver, order, count, recipient) for count, recipient in parts], _READERS)
    calls = []
    for number, (gift, (_, recipient)) in enumerate(zip(given, parts, strict=True)):
        at_end = _instant(gift["expires_at"]) if number % 2 else None
        path = f"/gifts/{gift['gift_id']}"
        claimers = friends[:4] if recipient is None else [recipient]
        calls += [(gift, claimer, at_end, partial(arena.claim, claimer, gift)) for claimer in claimers]
        if recipient is not None:
            calls.append((gift, recipient, at_end, partial(arena.client.post, recipient, f"{path}/decline")))
        calls.append((gift, giver, at_end, partial(arena.client.post, giver, f"{path}/cancel")))
    rng.shuffle(calls)
    calls.sort(key=lambda call: call[2] or 0.0)

    def meet(at: float | None, call: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
        if at is not None:
            time.sleep(max(0.0, at - time.time() + rng.uniform(-_BEFORE_END, _AFTER_END)))
        return call(), time.time()

    answers = arena.at_once([partial(meet, at, call) for _, _, at, call in calls])
    time.sleep(max(0.0, max(_instant(gift["expires_at"]) for gift in given) - time.time()))
    seen, claims = Round(), 0
    for gift in given:
        told = [
            (who, answer, at) for (about, who, _, _), (answer, at) in zip(calls, answers, strict=True) if about is gift
        ]
        claims += _one_end(arena, giver, gift, told, seen)
    arena.expect_units(giver, order, available=order["quantity"] - claims, gifted=claims)
    _settled(arena, giver, order, given)
    return seen


def _one_end(
    arena: Arena, giver: str, gift: dict[str, Any], told: list[tuple[str, httpx.Response, float]], seen: Round
) -> int:
    """Hold everything that was said of one gift against what became of it; answer how many claimed it."""
    read = arena.client.get(giver, f"/gifts/{gift['gift_id']}")
    state, won = read["state"], {}
    for who, answer, at in told:
        if answer.is_success and "holding_id" in answer.json():
            won[who] = answer.json()
        elif answer.is_success:
            expect(f"end of gift {gift['gift_id']}", state, "cancelled" if who == giver else "declined")
        else:
            over = {"expired"} if at >= _instant(gift["expires_at"]) else set()
            _lost(seen, answer, {_TOLD[state]} | over)
    ended = [who for who, answer, _ in told if answer.is_success and "holding_id" not in answer.json()]
    expect(f"who ended the {state} gift {gift['gift_id']}", len(ended), int(state in ("cancelled", "declined")))
    expect(f"claims of the {state} gift {gift['gift_id']}", len(won), gift["shares"] - read["remaining"])
    expect(f"whether gift {gift['gift_id']} is all taken", state == "claimed", read["remaining"] == 0)
    for claimer, holding in won.items():
        arena.expect_kept(claimer, holding)
    seen.winners += len(won) + len(ended)
    return len(won)


def _winners(
    seen: Round, claimers: Sequence[str], answers: Sequence[httpx.Response], *, refused: set[str]
) -> dict[str, dict[str, Any]]:
    """Holdings by who got them; those who got none were told one of `refused`."""
    won = {}
    for claimer, answer in zip(claimers, answers, strict=True):
        if answer.is_success:
            won[claimer] = answer.json()
        else:
            _lost(seen, answer, refused)
    seen.winners += len(won)
    return won


def _lost(seen: Round, answer: httpx.Response, refused: set[str]) -> None:
    code = code_of(answer)
    if code not in refused:
        raise UnexpectedResponse(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {code}, not {refused}"
        )
    seen.told[code] += 1


def _all_taken(arena: Arena, giver: str, order: dict[str, Any], gift: dict[str, Any], count: int) -> None:
    read = arena.client.get(giver, f"/gifts/{gift['gift_id']}")
    expect("the gift", (read["state"], read["remaining"], len(read["claims"])), ("claimed", 0, count))
    arena.expect_units(giver, order, gifted=count)


def _settled(arena: Arena, giver: str, order: dict[str, Any], given: Sequence[dict[str, Any]]) -> None:
    """That every gift is written down as ended, which reads do not need and the giver is told by."""
    wanted = {
        gift["gift_id"] for gift in given if arena.client.get(giver, f"/gifts/{gift['gift_id']}")["state"] == "returned"
    }
    deadline = time.monotonic() + _SETTLED_SECONDS
    while True:
        items = arena.client.get(giver, "/messages?limit=100")["items"]
        told = Counter(item["gift_id"] for item in items if item["kind"] == "gift_returned")
        if set(told) >= wanted:
            break
        if time.monotonic() > deadline:
            raise UnexpectedResponse(f"after {_SETTLED_SECONDS} s nobody was told that {wanted - set(told)} are back")
        time.sleep(0.2)
    doubled = {gift_id: count for gift_id, count in told.items() if count > 1}
    expect("gifts that were told twice to be back", doubled, {})


def _instant(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
