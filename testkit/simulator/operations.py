"""The operations of users, and the conditions for a correct response.

A success must be true: the table holds what it reports. A problem must have been justified by some state between the
request and its response. A replay of a request returns the first result.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from handsel.domain import errors, ids, policy
from handsel.domain.models import FIRST_POLICY, Address, AtEnd, Kind, ShipmentEvent
from handsel.domain.rollout import Feature
from handsel.domain.states import SHIPMENT_STATUS_RANKS, EndAction, ShipmentStatus
from handsel.store import products, rollout
from handsel.use_cases import queries
from handsel.use_cases.catalog import selling
from handsel.use_cases.fulfilment import shipping
from handsel.use_cases.gifts import claiming, giving, regift_requests, return_gifts
from handsel.use_cases.gifts.giving import WrappingChoice
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.inbox import messaging
from handsel.use_cases.operations import inbound
from handsel.use_cases.orders import cancelling, own_use, refunding
from handsel.use_cases.orders.purchases import buy
from handsel.use_cases.recommendations import recommending
from ops import rollout as operators
from testkit.simulator.environment import DAY_MS, HOUR_MS, MINUTE_MS, START_MS, Environment, Process
from testkit.simulator.fault_injection import Crashed
from testkit.simulator.model import MAX_DAILY_GIFTS, Item, Violation, Where

LINK_KEYS = {"1": "a link key"}
USERS = ("alice", "bob", "carol", "dave", "mia")
STORE = "store-tea-house"
OTHER_STORE = "store-book-corner"
CARRIER = "swift"
ADDRESS = Address("Bob Lee", "+86 10 5550 0100", ["Road 5"], "Hangzhou", "310000", "CN")
ADDRESS_RETENTION_MS = 30 * 86_400_000
WRAPPINGS = {
    "voucher": WrappingChoice("red-classic", "best-wishes"),
    "parcel": WrappingChoice("parcel-kraft", "best-wishes"),
}
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MAX_ATTEMPTS = 40
# Their Retry-After is the time until the limit allows more. The others report a failure, which a client waits for.
_LIMITS = (errors.TooManyGifts, errors.TooManyReminders)
_TOKENS = ("tok_ok", "tok_declined", "tok_no_reply", "tok_lost", "tok_no_refund")


@dataclass(frozen=True)
class Span:
    """The time from a request to its response.

    Attributes:
        since, until: moments of the model.
        first, last: the clock of the process, in milliseconds since the epoch.
    """

    since: int
    until: int
    first: int
    last: int


@dataclass(frozen=True)
class Operation:
    """An operation of a user, repeated until there is a final response.

    Attributes:
        act: creates one attempt.
        is_correct: whether a success is true, now and at the end of the run.
        is_justified: whether a problem was justified.
        creates: the key of the item that an idempotent request creates.
    """

    name: str
    act: Callable[[Process], Any]
    is_correct: Callable[[Any], bool]
    is_justified: Callable[[errors.ApiProblem, Span], bool]
    creates: Where | None = None

    @property
    def kind(self) -> str:
        return self.name.rpartition(" ")[0]


@dataclass(frozen=True)
class Outcome:
    """An operation with its final response: a result or an ApiProblem."""

    operation: Operation
    answer: Any


def run_until_answered(environment: Environment, operation: Operation, copy: int = 0) -> Outcome | None:
    """Repeat an operation until it has a final response, and check the response.

    Returns:
        The outcome, or None if all attempts failed.

    Raises:
        Violation: the response is not correct.
    """
    for attempt in range(_MAX_ATTEMPTS):
        process = environment.process(f"{operation.name} {copy} {attempt}")
        since, first = environment.model.moment, process.now()
        try:
            answer = operation.act(process)
        except Crashed:
            environment.scheduler.wait(500_000)
            continue
        except errors.ApiProblem as problem:
            if problem.retry_after is not None and not isinstance(problem, _LIMITS):
                environment.figures[f"retry {problem.code}"] += 1
                environment.scheduler.wait(problem.retry_after * 1_000_000)
                continue
            span = Span(since, environment.model.moment, first, process.now())
            _check_problem(environment, operation, problem, span)
            environment.figures[f"problem {operation.kind} {problem.code}"] += 1
            return Outcome(operation, problem)
        if not operation.is_correct(answer):
            raise Violation(f"{operation.name} returned {answer!r}, which is not true")
        environment.figures[f"succeeded {operation.kind}"] += 1
        return Outcome(operation, answer)
    environment.figures["operations without a response"] += 1
    return None


def _check_problem(environment: Environment, operation: Operation, problem: errors.ApiProblem, span: Span) -> None:
    if not operation.is_justified(problem, span):
        raise Violation(f"{operation.name} failed with {problem.code}, at {span}, without a reason")
    already_done = operation.creates is not None and environment.model.at(operation.creates, span.since) is not None
    if already_done and not isinstance(problem, errors.PaymentDeclined | errors.OrderCancelled):
        raise Violation(f"{operation.name} failed with {problem.code}, although it had already succeeded")


class Operations:
    """Draw the operation of one step. A method returns None if the environment has no item to apply it to."""

    def __init__(self, environment: Environment, random: Random, name: str, products: dict[str, str]) -> None:
        self._environment = environment
        self._model = environment.model
        self._random = random
        self._name = name
        self._products = products
        self._policy = policy.newest(environment.plan.policy)
        self._user = random.choice(USERS[:4])

    # --- helpers ------------------------------------------------------------------------------------------------

    def _any(self, kind: str, fits: Callable[[Item], bool] = lambda _: True) -> Item | None:
        """Return a random item of a kind that fits, one of the newest four, or None."""
        items = map(self._model.items.get, self._model.keys_by_kind[kind])
        fitting = [item for item in items if item is not None and fits(item)]
        return self._random.choice(fitting[-4:]) if fitting else None

    def _states(self, span: Span, *wheres: Where) -> Iterable[list[Item | None]]:
        return self._model.states(wheres, span.since, span.until)

    def _request(self, process: Process, user: str) -> IdempotentRequest:
        return IdempotentRequest(user, self._name, ids.hash_request(self._name, ""), process.now())

    def _derive_id(self, kind: str, user: str) -> str:
        return IdempotentRequest(user, self._name, "", 0).derive_id(kind)

    # --- buying -------------------------------------------------------------------------------------------------

    def buy(self) -> Operation:
        name = self._random.choice(("voucher", "voucher", "parcel", "scarce"))
        quantity = self._random.choice((1, 1, 2, 3, 5))
        token = self._random.choices(_TOKENS, (75, 10, 5, 5, 5))[0]
        user, product = self._user, self._products[name]
        order = self._derive_id("order", user)
        self._environment.keys[order] = self._name

        def act(process: Process) -> Any:
            call = self._request(process, user)
            bought = {"product_id": product, "quantity": quantity, "method": "card", "token": token}
            made, _ = buy(process.table, process.provider, call, policy=self._policy, **bought)  # type: ignore[arg-type]
            return made

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            match problem:
                case errors.PaymentDeclined():
                    made = self._model.item("ORDER", order)
                    return token != "tok_ok" and made is not None and made["state"] == "declined"
                case errors.OrderCancelled():
                    return self._is_cancelled(order)
                case errors.OutOfStock():
                    states = self._states(span, (f"PRODUCT#{product}", "PRODUCT"))
                    return any(item and not item["unlimited"] and item["stock"] < quantity for (item,) in states)
                case _:
                    return False

        def is_correct(answer: Any) -> bool:
            made = self._model.item("ORDER", answer.order_id)
            if answer.order_id != order or made is None or (made["quantity"], made["buyer_id"]) != (quantity, user):
                return False
            if answer.state.value == "pending":  # true when it was sent
                return True
            return made["state"] == "paid" and order in self._environment.provider_state.charged

        return Operation(f"buy {self._name}", act, is_correct, is_justified, (f"ORDER#{order}", "ORDER"))

    # --- the merchant of the scarce product -----------------------------------------------------------------------

    def add_stock(self) -> Operation:
        product, units = self._products["scarce"], self._random.choice((-2, -1, 1, 2))
        operation = f"add stock {self._name}"
        self._environment.stock_changes[operation] = units

        def act(process: Process) -> Any:
            token = self._derive_id("stock", "mia")
            return selling.add_stock(process.table, STORE, product, units=units, token=token)

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            states = self._states(span, (f"PRODUCT#{product}", "PRODUCT"))
            return isinstance(problem, errors.OutOfStock) and any(item and item["stock"] < -units for (item,) in states)

        return Operation(operation, act, lambda answer: answer.product_id == product, is_justified)

    def edit_product(self) -> Operation:
        """Save a product with the stock that the merchant happens to know, which has no effect."""
        product, title, stock = self._products["scarce"], f"edited {self._name}", self._random.choice((None, 0, 9))

        def act(process: Process) -> Any:
            known = products.get(process.table, product)
            assert known is not None
            return selling.put_product(process.table, replace(known, title=title, stock=stock), merchant_id="mia")

        return Operation(f"edit product {self._name}", act, lambda answer: answer.title == title, lambda *_: False)

    def set_stock(self) -> Operation:
        """Save a product with another stock, if nothing was sold since it was read. The title names what was read."""
        product, more = self._products["scarce"], self._random.choice((0, 1, 2))

        def act(process: Process) -> Any:
            known = products.get(process.table, product)
            assert known is not None
            assert known.stock is not None
            title = f"{known.stock} {self._name} {process.random.random()}"
            wanted = replace(known, title=title, stock=known.stock + more)
            return selling.put_product(
                process.table, wanted, merchant_id="mia", is_expected=lambda current: current == known
            )

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            changes = sum(1 for _ in self._states(span, (f"PRODUCT#{product}", "PRODUCT"))) - 1
            return isinstance(problem, errors.PreconditionFailed) and changes > 0

        return Operation(f"set stock {self._name}", act, lambda answer: answer.product_id == product, is_justified)

    def reuse_key(self) -> Operation | None:
        """Send another request with a key that created an order."""
        made = self._any("ORDER", lambda item: item["order_id"] in self._environment.keys)
        if made is None:
            return None

        def act(process: Process) -> Any:
            call = IdempotentRequest(
                made["buyer_id"], self._environment.keys[made["order_id"]], "another request", process.now()
            )
            bought = {"product_id": self._products["voucher"], "quantity": 1, "method": "card", "token": "tok_ok"}
            return buy(process.table, process.provider, call, policy=self._policy, **bought)  # type: ignore[arg-type]

        return Operation(
            f"reuse {self._name}",
            act,
            lambda _: False,
            lambda problem, _: isinstance(problem, errors.IdempotencyKeyReused),
        )

    def cancel_order(self) -> Operation | None:
        """Cancel an order of the user, or now and then of another one."""
        order = self._any("ORDER", lambda item: item["state"] in ("pending", "cancelled")) or self._any("ORDER")
        if order is None:
            return None
        order_id = order["order_id"]
        user = order["buyer_id"] if self._random.random() < 0.9 else self._user

        def act(process: Process) -> Any:
            return cancelling.cancel(process.table, process.provider, order_id, caller=user, now=process.now())

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            match problem:
                case errors.NotFound():
                    return bool(user != order["buyer_id"])
                case errors.NotCancellable():
                    states = self._states(span, (f"ORDER#{order_id}", "ORDER"))
                    return any(item and item["state"] in ("paid", "declined") for (item,) in states)
                case _:
                    return False

        def is_correct(answer: Any) -> bool:
            return answer.state.value == "cancelled" and self._is_cancelled(order_id)

        return Operation(f"cancel order {self._name}", act, is_correct, is_justified)

    def _is_cancelled(self, order_id: str) -> bool:
        order = self._model.item("ORDER", order_id)
        return order is not None and order["state"] == "cancelled"

    # --- giving ---------------------------------------------------------------------------------------------------

    def give_link(self) -> Operation | None:
        return self._give(1, named=False)

    def give_group(self) -> Operation | None:
        return self._give(self._random.choice((2, 3, 4)), named=False)

    def give_person(self) -> Operation | None:
        return self._give(1, named=True)

    def _give(self, shares: int, *, named: bool) -> Operation | None:
        order = self._any("ORDER", lambda item: item["quantity"] >= shares)
        if order is None:
            return None
        order_id, user = order["order_id"], order["buyer_id"]
        recipient = self._draw_recipient(user) if named else None
        gift_id, host = self._derive_id("gift", user), self._random.randrange(3)
        is_scheduled = self._random.random() < 0.25
        ahead_ms = self._random.choice((0, MINUTE_MS, HOUR_MS, 5 * HOUR_MS, 20 * HOUR_MS))
        opens_at = self._environment.now + ahead_ms if is_scheduled else None
        at_end = self._draw_end(user) if self._random.random() < 0.4 else None
        if at_end is not None and (shares > 1 or at_end.recipient_id == recipient):
            at_end = AtEnd(EndAction.REFUND)

        def act(process: Process) -> Any:
            with self._warm(process, host):
                return giving.give(
                    process.table,
                    self._request(process, user),
                    order_id=order_id,
                    shares=shares,
                    recipient_id=recipient,
                    wrapping=WRAPPINGS[order["product"]["kind"]],
                    secret_version="1",
                    window_ms=process.environment.plan.window_ms,
                    at_end=at_end,
                    send_at=opens_at,
                )

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            if isinstance(problem, errors.NotAllowed):
                return not _may_choose(order, at_end)
            if isinstance(problem, errors.InvalidRequest):
                return opens_at is not None and opens_at < span.last
            if isinstance(problem, errors.RecipientUnknown | errors.TooManyGifts):
                people = (recipient, None if at_end is None else at_end.recipient_id)
                return any(self._is_unwanted(problem, user, each, span) for each in people if each is not None)
            if isinstance(problem, errors.NotGiftable):
                made = self._model.item("ORDER", order_id)
                shortest, sent_at = min(self._environment.plan.window_ms, MINUTE_MS), opens_at or span.last
                return _is_invalid(made, sent_at, shortest) or self._leaves_no_time(made, at_end, sent_at)
            if isinstance(problem, errors.NotAvailableYet):
                # By the true time: the test clock may have been advanced since the process read it.
                return False in self._environment.find_gifting(user, span.first, self._environment.now)
            return isinstance(problem, errors.UnitsNotAvailable) and self._too_few(order_id, shares, span)

        def is_correct(answer: Any) -> bool:
            made = self._model.item("GIFT", answer.gift_id)
            return (
                answer.gift_id == gift_id
                and made is not None
                and (made["shares"], made["order_id"], made.get("opens_at")) == (shares, order_id, opens_at)
                and recipient in (made.get("recipient_id"), *_former_recipients(made))
            )

        return Operation(f"give {self._name}", act, is_correct, is_justified, (f"GIFT#{gift_id}", "GIFT"))

    def _draw_recipient(self, giver: str) -> str:
        """Return a person for a gift of a giver: often one whom they named before, or who blocked them."""
        relations = (self._model.items.get((f"USER#{each}", f"FROM#{giver}"), {}) for each in USERS[:4])
        blocked = [each for each, item in zip(USERS[:4], relations, strict=True) if "blocked_at" in item]
        if blocked and self._random.random() < 0.5:
            return self._random.choice(blocked)
        known = sorted(person for (each, person), times in self._model.named.items() if each == giver and times)
        others = known if known and self._random.random() < 0.7 else [each for each in USERS[:4] if each != giver]
        return self._random.choice(others)

    @contextmanager
    def _warm(self, process: Process, host: int) -> Iterator[None]:
        """Let a process continue with the copy of the rollout that an earlier one had, and hand it on."""
        copies = self._environment.copies
        process.table.rollout = copies.get(host)
        try:
            yield
        finally:
            copies[host] = process.table.rollout

    def switch_gifting(self) -> Operation:
        """Change which users have gifting, as an operator does."""
        drawn = self._random.choice(("off", "on", "percentage", "allow", "deny", "forget"))
        user = (self._user,)
        wanted = {
            "off": operators.Change({"on": False}),
            "on": operators.Change({"on": True, "hundredths": 10_000}),
            "percentage": operators.Change({"hundredths": self._random.choice((0, 1_000, 7_000, 10_000))}),
            "allow": operators.Change({}, allow=user),
            "deny": operators.Change({}, deny=user),
            "forget": operators.Change({}, forget=user),
        }[drawn]

        def act(process: Process) -> Any:
            return operators.change(process.table, Feature.GIFTING, wanted, apply=True)

        def is_correct(answer: Any) -> bool:
            _, after = answer
            cohort = after.cohorts["gifting"]
            stored = [rollout.from_item(item).cohorts.get("gifting") for _, item in self._environment.rollouts]
            return wanted.apply_to(cohort) == cohort and cohort in stored

        return Operation(f"switch {drawn} {self._name}", act, is_correct, lambda *_: False)

    def _draw_end(self, giver: str) -> AtEnd:
        """Return an end for a gift of a giver."""
        then = self._random.choice((EndAction.ORDER, EndAction.REFUND, EndAction.GIVE_TO, EndAction.GIVE_TO))
        if then is not EndAction.GIVE_TO:
            return AtEnd(then)
        second = self._draw_recipient(giver)
        return AtEnd(then, second, ids.derive_id("successor", self._name))

    def _leaves_no_time(self, order: Item | None, at_end: AtEnd | None, given_at: int) -> bool:
        """Return whether the vouchers of an order end too early for a second person, if the first gift is given by then."""
        if order is None or at_end is None or at_end.then is not EndAction.GIVE_TO:
            return False
        window_ms = self._environment.plan.window_ms
        until = _valid_until(order)
        return until is not None and until < given_at + window_ms + min(window_ms, MINUTE_MS)

    def set_end(self) -> Operation | None:
        """Change the end of a gift."""
        gift = self._any("GIFT", lambda item: item["state"] == "open") or self._any("GIFT")
        if gift is None:
            return None
        gift_id = gift["gift_id"]
        user = gift["giver_id"] if self._random.random() < 0.95 else self._user
        at_end = self._draw_end(gift["giver_id"])
        wanted = None if at_end.then is EndAction.ORDER else (at_end.then.value, at_end.recipient_id)

        def act(process: Process) -> Any:
            window_ms = process.environment.plan.window_ms
            return giving.set_at_end(
                process.table, gift_id, at_end, caller=user, window_ms=window_ms, clock=process.now
            )

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            match problem:
                case errors.NotFound():
                    return bool(user != gift["giver_id"])
                case errors.NotAllowed():
                    return not _may_choose(gift, at_end)
                case errors.RecipientUnknown() | errors.TooManyGifts() if at_end.recipient_id is not None:
                    return self._is_unwanted(problem, gift["giver_id"], at_end.recipient_id, span)
                case errors.InvalidRequest():
                    states = [each for (each,) in self._states(span, _gift(gift_id)) if each]
                    return gift["shares"] > 1 or any(each.get("recipient_id") == at_end.recipient_id for each in states)
                case errors.NotGiftable():
                    made = self._model.item("ORDER", gift["order_id"])
                    window_ms = self._environment.plan.window_ms
                    ends = [each["expires_at"] for (each,) in self._states(span, _gift(gift_id)) if each]
                    return any(self._leaves_no_time(made, at_end, end - window_ms) for end in ends)
                case _:
                    return self._has_ended(problem, gift_id, span)

        def is_correct(answer: Any) -> bool:
            states = self._model.states([_gift(gift_id)], 0, self._model.moment)
            return any(item and _end_of(item) == wanted for (item,) in states) and answer.gift_id == gift_id

        return Operation(f"set end {self._name}", act, is_correct, is_justified)

    def read_gift(self) -> Operation | None:
        """Read a gift, or a successor that may exist by the clock only."""
        gift = self._pick_gift(1.0)
        if gift is None:
            return None
        gift_id = gift["gift_id"]

        def act(process: Process) -> Any:
            return queries.get_gift(process.table, gift_id, caller=self._user, now=process.now())

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            return isinstance(problem, errors.NotFound) and self._is_hidden(gift, span)

        def is_correct(answer: Any) -> bool:
            first = gift.get("first")
            over = first is not None and self._model.items[_gift(first["gift_id"])]["expires_at"]
            skew = self._environment.plan.skew_ms
            exists = self._model.item("GIFT", gift_id) is not None or bool(over <= self._environment.now + skew)
            return exists and (answer.gift.gift_id, answer.gift.order_id) == (gift_id, gift["order_id"])

        return Operation(f"read gift {self._name}", act, is_correct, is_justified)

    def _pick_gift(self, probability: float, fits: Callable[[Item], bool] = lambda _: True) -> Item | None:
        """Return a gift; if it is to be passed on, with a probability its successor, as it is once it exists."""
        gift = self._any("GIFT", fits)
        if gift is None or _end_of(gift) is None or gift["at_end"]["then"] != "give_to":
            return gift
        if self._random.random() > probability:
            return gift
        at_end = gift["at_end"]
        return gift | {"gift_id": at_end["successor_gift_id"], "recipient_id": at_end["recipient_id"], "first": gift}

    def _is_hidden(self, gift: Item, span: Span) -> bool:
        """Return whether a successor did not exist at some time, even by the clock."""
        if "first" not in gift:
            return False
        gift_id = gift["gift_id"]
        for first, stored in self._states(span, _gift(gift["first"]["gift_id"]), _gift(gift_id)):
            is_next = first is not None and first.get("at_end", {}).get("successor_gift_id") == gift_id
            expired = first is not None and (
                first["state"] == "returned" or (first["state"] == "open" and first["expires_at"] <= span.first)
            )
            if stored is None and not (is_next and expired):
                return True
        return False

    def _too_few(self, order_id: str, quantity: int, span: Span) -> bool:
        for moment in range(span.since, span.until + 1):
            available = self._model.available(order_id, moment, span.first)
            if available is None or available < quantity:
                return True
        return False

    # --- claims, and the end of gifts -------------------------------------------------------------------------------

    def claim(self) -> Operation | None:
        gift = self._pick_gift(0.5)
        if gift is None:
            return None
        gift_id = gift["gift_id"]
        user = self._user
        if gift.get("recipient_id") and self._random.random() < 0.8:
            user = gift["recipient_id"]
        version, secret = self._draw_secret(gift)
        is_parcel = gift["product"]["kind"] == "parcel"
        address = ADDRESS if is_parcel and self._random.random() < 0.95 else None

        def act(process: Process) -> Any:
            self._environment.sent_secrets[gift_id, user].add(version)
            read, _ = claiming.claim(
                process.table,
                gift_id,
                caller=user,
                secret=secret,
                address=address,
                code="".join(process.random.choices(_ALPHABET, k=16)),
                link_keys=LINK_KEYS,
                clock=process.now,
            )
            return read.holding

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            match problem:
                case errors.AddressRequired():
                    return is_parcel and address is None
                case errors.NotFound():
                    return self._is_hidden(gift, span)
                case _:
                    return self._is_closed(problem, gift, user, version, span)

        def is_correct(answer: Any) -> bool:
            now = self._model.item("GIFT", gift_id)
            claimed = now is not None and now["claims"].get(user, {}).get("holding_id") == answer.holding_id
            return claimed and self._holds(user, answer.holding_id)

        return Operation(f"claim {self._name}", act, is_correct, is_justified)

    def _draw_secret(self, gift: Item) -> tuple[int, str]:
        """Return the number of a link that a gift has or had, and its secret; now and then -1 and a guess."""
        newest = gift.get("link_version", 0)
        if self._random.random() < 0.05:
            return -1, "guessed"
        version = self._random.randint(0, newest) if self._random.random() < 0.3 else newest
        return version, ids.derive_link_secret(LINK_KEYS, "1", gift["gift_id"], version)

    def _is_closed(self, problem: errors.ApiProblem, gift: Item, user: str, version: int, span: Span) -> bool:
        """Return whether a gift was closed to a user with the secret of a link, in the way that a problem reports."""
        # A successor that is not stored yet is as the first gift says.
        states = [each for (each,) in self._states(span, _gift(gift["gift_id"])) if each] or [gift]
        match problem:
            case errors.OwnGift():
                return bool(user == gift["giver_id"])
            case errors.WrongSecret():
                return any("recipient_id" not in each and each.get("link_version", 0) != version for each in states)
            case errors.NotTheRecipient():
                return any(each.get("recipient_id") not in (None, user) for each in states)
            case errors.Cancelled() if any(user in _former_recipients(each) for each in states):
                return True
            case _:
                return self._has_ended(problem, gift["gift_id"], span)

    def _is_unwanted(self, problem: errors.ApiProblem, giver: str, recipient: str, span: Span) -> bool:
        """Return whether a giver could not name a person.

        `RecipientUnknown`: they were blocked. `TooManyGifts`: they named the person too often within a day, and had exchanged no
        gift with them before the call.
        """
        if isinstance(problem, errors.RecipientUnknown):
            relations = (item for (item,) in self._states(span, (f"USER#{recipient}", f"FROM#{giver}")))
            return any(each is not None and "blocked_at" in each for each in relations)
        times = self._model.named[giver, recipient]
        exchanged_at = self._model.exchanged.get(frozenset((giver, recipient)), span.last)
        return sum(span.first - DAY_MS < at for at in times) >= MAX_DAILY_GIFTS and exchanged_at >= span.first

    def _has_ended(self, problem: errors.ApiProblem, gift_id: str, span: Span) -> bool:
        """Return whether a gift was not open yet, or had ended, in the way that a problem reports."""
        states = [gift for (gift,) in self._states(span, (f"GIFT#{gift_id}", "GIFT")) if gift]
        match problem:
            case errors.NotYet():
                return any(gift["state"] == "open" and gift.get("opens_at", 0) > span.first for gift in states)
            case errors.Expired():
                return any(
                    gift["state"] == "returned" or (gift["state"] == "open" and gift["expires_at"] <= span.last)
                    for gift in states
                )
            case errors.AlreadyClaimed():
                return any(gift["state"] == "claimed" for gift in states)
            case errors.Cancelled():
                return any(gift["state"] == "cancelled" for gift in states)
            case errors.Declined():
                return any(gift["state"] == "declined" for gift in states)
            case _:
                return False

    def _holds(self, user: str, holding_id: str) -> bool:
        held = self._model.item("HOLDING", holding_id)
        return held is not None and held["holder_id"] == user

    def cancel(self) -> Operation | None:
        gift = self._pick_gift(0.3)
        if gift is None:
            return None
        user = gift["giver_id"] if self._random.random() < 0.95 else self._user
        return self._end(
            gift,
            "cancel",
            "cancelled",
            lambda process: giving.cancel(process.table, gift["gift_id"], caller=user, clock=process.now),
            lambda problem, span: (
                not policy.find(gift["policy"]).giver_cancel
                if isinstance(problem, errors.NotAllowed)
                else isinstance(problem, errors.NotFound) and (user != gift["giver_id"] or self._is_hidden(gift, span))
            ),
        )

    def decline(self) -> Operation | None:
        gift = self._pick_gift(0.3, lambda item: "recipient_id" in item)
        if gift is None:
            return None
        user = gift["recipient_id"] if self._random.random() < 0.95 else self._user
        return self._end(
            gift,
            "decline",
            "declined",
            lambda process: giving.decline(process.table, gift["gift_id"], caller=user, clock=process.now),
            lambda problem, span: (
                self._is_hidden(gift, span)
                if isinstance(problem, errors.NotFound)
                else self._is_closed(problem, gift, user, -1, span)
            ),
        )

    def _end(
        self,
        gift: Item,
        name: str,
        state: str,
        act: Callable[[Process], Any],
        is_foreign: Callable[[errors.ApiProblem, Span], bool],
    ) -> Operation:
        def is_correct(answer: Any) -> bool:
            now = self._model.item("GIFT", gift["gift_id"])
            return now is not None and (now["state"], answer.state.value) == (state, state)

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            return is_foreign(problem, span) or self._has_ended(problem, gift["gift_id"], span)

        return Operation(f"{name} {self._name}", act, is_correct, is_justified)

    def ask_again(self) -> Operation | None:
        gift = self._any("GIFT")
        if gift is None:
            return None
        gift_id, user = gift["gift_id"], gift.get("recipient_id") or self._user
        version, secret = self._draw_secret(gift)

        def act(process: Process) -> None:
            regift_requests.request_regift(
                process.table, gift_id, caller=user, secret=secret, link_keys=LINK_KEYS, now=process.now()
            )

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            states = [gift for (gift,) in self._states(span, (f"GIFT#{gift_id}", "GIFT")) if gift]
            match problem:
                case errors.StillOpen():
                    return any(each["state"] == "open" and span.first < each["expires_at"] for each in states)
                case errors.AlreadyClaimed():
                    return any(each["state"] == "claimed" or user in each["claims"] for each in states)
                case _:
                    return self._is_closed(problem, gift, user, version, span)

        where = f"GIFT#{gift_id}", f"REGIFT_REQUEST#{user}"
        return Operation(f"ask again {self._name}", act, lambda _: where in self._model.items, is_justified)

    def return_gift(self) -> Operation | None:
        gift = self._any("GIFT", lambda item: bool(item["claims"]))
        if gift is None:
            return None
        gift_id = gift["gift_id"]
        user = self._random.choice(sorted(gift["claims"])) if self._random.random() < 0.9 else self._user
        product = self._products[self._random.choice(("voucher", "parcel", "scarce"))]
        kind = Kind.PARCEL if product == self._products["parcel"] else Kind.VOUCHER
        token = self._random.choices(_TOKENS, (70, 15, 5, 5, 5))[0]
        order = self._derive_id("return order", user)

        def act(process: Process) -> Any:
            return return_gifts.give_in_return(
                process.table,
                process.provider,
                self._request(process, user),
                gift_id=gift_id,
                product_id=product,
                method="card",
                token=token,
                wrapping=WRAPPINGS[kind],
                policy=self._policy.with_window(process.environment.plan.window_ms),
            )

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            match problem:
                case errors.NotClaimed():
                    return any(item and user not in item["claims"] for (item,) in self._states(span, _gift(gift_id)))
                case errors.PaymentDeclined():
                    made = self._model.item("ORDER", order)
                    return token != "tok_ok" and made is not None and made["state"] == "declined"
                case errors.OrderCancelled():
                    return self._is_cancelled(order)
                case errors.OutOfStock():
                    states = self._states(span, (f"PRODUCT#{product}", "PRODUCT"))
                    return any(item and not item["unlimited"] and item["stock"] < 1 for (item,) in states)
                case errors.RecipientUnknown():
                    return self._is_unwanted(problem, user, gift["giver_id"], span)
                case errors.ReturnGiftAlreadyGiven():
                    now = self._model.item("GIFT", gift_id)
                    held = now["claims"][user]["holding_id"] if now and user in now["claims"] else ""
                    states = self._states(span, (f"HOLDING#{held}", "HOLDING"))
                    return any(item and item.get("return_gift_order_id") not in (None, order) for (item,) in states)
                case _:
                    return False

        def is_correct(answer: Any) -> bool:
            bought, given, _ = answer
            if given is None:  # pending, which was true when it was sent
                return bool(bought.order_id == order and bought.state.value == "pending")
            made, gift_made = self._model.item("ORDER", order), self._model.item("GIFT", given.gift_id)
            return (
                bought.order_id == order
                and made is not None
                and gift_made is not None
                and made["state"] == "paid"
                and gift_made["in_return_for"] == gift_id
                and gift["giver_id"] in (gift_made["recipient_id"], *_former_recipients(gift_made))
            )

        return Operation(f"return gift {self._name}", act, is_correct, is_justified, (f"ORDER#{order}", "ORDER"))

    # --- own use and refunds -----------------------------------------------------------------------------

    def use(self) -> Operation | None:
        order = self._any("ORDER")
        if order is None:
            return None
        order_id, user = order["order_id"], order["buyer_id"]
        quantity = self._random.choice((1, 1, 2, 3))
        use_id = self._derive_id("use", user)

        def act(process: Process) -> Any:
            codes = ["".join(process.random.choices(_ALPHABET, k=16)) for _ in range(quantity)]
            made = own_use.use(
                process.table, self._request(process, user), order_id=order_id, codes=codes, address=ADDRESS
            )
            return [read.holding for read in made]

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            expired = _is_invalid(self._model.item("ORDER", order_id), span.last)
            return isinstance(problem, errors.UnitsNotAvailable) and (
                expired or self._too_few(order_id, quantity, span)
            )

        def is_correct(answer: Any) -> bool:
            held = [self._model.item("HOLDING", each.holding_id) for each in answer]
            return bool(sum(each["quantity"] for each in held if each and each["holder_id"] == user) == quantity)

        return Operation(f"use {self._name}", act, is_correct, is_justified, (f"USE#{use_id}", "USE"))

    def refund(self) -> Operation | None:
        order = self._any("ORDER")
        if order is None:
            return None
        order_id, user = order["order_id"], order["buyer_id"]
        quantity = self._random.choice((1, 1, 2, 3))
        refund_id = self._derive_id("refund", user)

        def act(process: Process) -> Any:
            return refunding.refund(
                process.table, process.provider, self._request(process, user), order_id=order_id, quantity=quantity
            )

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            made = self._model.item("ORDER", order_id)
            repays = policy.find(order.get("policy", FIRST_POLICY)).voucher_end != "forfeit"
            return isinstance(problem, errors.UnitsNotAvailable) and (
                self._too_few(order_id, quantity, span) or (repays and _is_invalid(made, span.last))
            )

        def is_correct(answer: Any) -> bool:
            made = self._model.item("REFUND", refund_id)
            paid_back = answer.status.value in ("pending", "manual") or self._is_repaid(refund_id)
            return bool(made is not None and made["quantity"] == quantity and paid_back)

        return Operation(f"refund {self._name}", act, is_correct, is_justified, (f"REFUND#{refund_id}", "REFUND"))

    def _is_repaid(self, refund_id: str) -> bool:
        return refund_id in self._environment.provider_state.repaid

    # --- shipments ------------------------------------------------------------------------------------------------

    def report(self) -> Operation | None:
        sent = self._any("SHIPMENT")
        if sent is None:
            return None
        shipment_id = sent["shipment_id"]
        status = self._random.choice(tuple(SHIPMENT_STATUS_RANKS))
        event_id = self._random.choice((self._name, "the same event"))
        event = ShipmentEvent(event_id, status, "Depot 4", START_MS + self._random.randrange(60_000))

        def act(process: Process) -> Any:
            return shipping.add_event(
                process.table,
                shipment_id,
                event,
                carrier=CARRIER,
                now=process.now(),
                retention_ms=ADDRESS_RETENTION_MS,
            )

        def is_correct(_: Any) -> bool:
            events: dict[str, Any] = self._model.items[f"SHIPMENT#{shipment_id}", "SHIPMENT"]["events"]
            return event_id in events

        return Operation(f"report {self._name}", act, is_correct, lambda *_: False)

    def hand_over(self) -> Operation | None:
        sent = self._any("SHIPMENT")
        if sent is None:
            return None

        def act(process: Process) -> Any:
            return shipping.update_shipment(
                process.table,
                sent["shipment_id"],
                store_id=STORE,
                carrier=None,
                tracking_number=self._name,
                now=process.now(),
            )

        return Operation(f"hand over {self._name}", act, lambda answer: answer.shipment.version > 0, lambda *_: False)

    def correct_address(self) -> Operation | None:
        sent = self._any("SHIPMENT")
        if sent is None:
            return None
        shipment_id, holder = sent["shipment_id"], sent["holder_id"]
        address = replace(ADDRESS, lines=[self._name])

        def act(process: Process) -> Any:
            return shipping.correct_address(process.table, shipment_id, address, caller=holder, now=process.now())

        def is_correct(answer: Any) -> bool:
            return answer.address == address and answer.shipment.status is ShipmentStatus.READY_TO_SHIP

        def is_justified(error: errors.ApiProblem, span: Span) -> bool:
            if not isinstance(error, errors.AlreadyShipped):
                return False
            states = self._model.states([(f"SHIPMENT#{shipment_id}", "SHIPMENT")], span.since, span.until)
            return any(item is not None and not item["owner_pk"].endswith("#ready_to_ship") for (item,) in states)

        return Operation(f"correct the address {self._name}", act, is_correct, is_justified)

    # --- inbound events, reads and tags ---------------------------------------------------------------------------

    def settle_payment(self) -> Operation | None:
        """Deliver the event that a payment was settled."""
        order = self._any("ORDER")
        if order is None:
            return None

        def act(process: Process) -> Any:
            return inbound.settle_order(process.table, process.provider, order["order_id"], now=process.now())

        def is_correct(answer: Any) -> bool:
            now = self._model.item("ORDER", order["order_id"])
            return now is not None and now["state"] == answer.value

        return Operation(f"settle payment {self._name}", act, is_correct, lambda *_: False)

    def settle_refund(self) -> Operation | None:
        refund = self._any("REFUND")
        if refund is None:
            return None

        def act(process: Process) -> Any:
            return inbound.settle_refund(process.table, process.provider, refund["refund_id"])

        def is_correct(_: Any) -> bool:
            refund_id = refund["refund_id"]
            return self._is_repaid(refund_id) or self._model.items[refund["pk"], "REFUND"]["status"] == "manual"

        return Operation(f"settle refund {self._name}", act, is_correct, lambda *_: False)

    def read_message(self) -> Operation | None:
        message = self._any("MESSAGE")
        if message is None:
            return None
        where = message["pk"], message["sk"]

        def act(process: Process) -> Any:
            return messaging.mark_read(
                process.table, message["message_id"], caller=message["user_id"], now=process.now()
            )

        def is_correct(_: Any) -> bool:
            now = self._model.items[where]
            return now.get("read") is True or "deleted" in now

        return Operation(f"read message {self._name}", act, is_correct, self._is_gone(where))

    def delete_message(self) -> Operation | None:
        message = self._any("MESSAGE")
        if message is None:
            return None
        where = message["pk"], message["sk"]

        def act(process: Process) -> Any:
            return messaging.delete(process.table, message["message_id"], caller=message["user_id"])

        def is_correct(_: Any) -> bool:
            now = self._model.items[where]
            return "deleted" in now and "owner_pk" not in now and "params" not in now

        return Operation(f"delete message {self._name}", act, is_correct, self._is_gone(where))

    def _is_gone(self, where: Where) -> Callable[[errors.ApiProblem, Span], bool]:
        """Return the check that a message was deleted, or replaced."""
        return lambda problem, _: (
            isinstance(problem, errors.NotFound) and ("deleted" in self._model.items.get(where, {"deleted": True}))
        )

    def tag(self) -> Operation:
        user, product = self._user, self._products[self._random.choice(("voucher", "parcel", "scarce"))]
        tagging = self._random.random() < 0.5

        def act(process: Process) -> Any:
            if tagging:
                return recommending.tag(process.table, user, product, now=process.now())
            return recommending.untag(process.table, user, product)

        return Operation(f"tag {self._name}", act, lambda _: True, lambda *_: False)

    def read_order(self) -> Operation | None:
        order = self._any("ORDER")
        if order is None:
            return None
        order_id, started = order["order_id"], [0]

        def act(process: Process) -> Any:
            started[:] = [process.now()]
            return queries.get_order(process.table, order_id, caller=order["buyer_id"], now=process.now())

        def is_correct(answer: Any) -> bool:
            if answer.units is None:
                return bool(answer.order.state.value != "paid")
            units = answer.units
            counts: Sequence[int] = (units.available, units.in_gift, units.gifted, units.used, units.refunded)
            seen = self._environment.find_gifting(order["buyer_id"], started[0], self._environment.now)
            return min(counts) >= 0 and sum(counts) == order["quantity"] and answer.may_give in seen

        return Operation(f"read order {self._name}", act, is_correct, lambda *_: False)


def _former_recipients(gift: Item) -> list[str | None]:
    """Return the earlier recipients of a gift; None is a link."""
    return [each.get("user_id") for each in gift.get("former_recipients", ())]


def _gift(gift_id: str) -> Where:
    return f"GIFT#{gift_id}", "GIFT"


def _may_choose(sold: Item, at_end: AtEnd | None) -> bool:
    """Return whether the policy of an order or a gift allows an end."""
    terms = policy.find(sold.get("policy", FIRST_POLICY))
    return terms.giver_may_choose or at_end is None or at_end.then.value == terms.at_end


def _is_invalid(order: Item | None, at: int, shortest: int = 1) -> bool:
    """Return whether the vouchers of an order are valid for less than the `shortest` time from `at` on, in milliseconds."""
    until = None if order is None else _valid_until(order)
    return until is not None and until - at < shortest


def _valid_until(order: Item) -> int | None:
    """Return the end of validity of the vouchers of an order, or None."""
    if "paid_at" not in order["payment"] or "validity_days" not in order["product"]:
        return None
    return int(order["payment"]["paid_at"] + order["product"]["validity_days"] * 86_400_000)


def _end_of(gift: Item) -> tuple[str, str | None] | None:
    """Return what happens at the end of a gift, and the second person; None if the units become available again."""
    return (gift["at_end"]["then"], gift["at_end"].get("recipient_id")) if "at_end" in gift else None
