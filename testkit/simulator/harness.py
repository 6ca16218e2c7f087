"""A table for one test: sequential calls, with faults at chosen calls."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, TypeVar, cast

from botocore.exceptions import ClientError

from handsel.domain import errors, ids, policy
from handsel.domain.models import AtEnd, Gift, Holding, Order, RefundRequest, ShipmentEvent
from handsel.domain.states import EndAction, OrderState, RefundReason, ShipmentStatus
from handsel.runtime.bus import Bus
from handsel.store.attributes import load_item
from handsel.store.table import Table
from handsel.use_cases.fulfilment import redeeming, shipping
from handsel.use_cases.gifts import blocking, changing, claiming, giving, opening, thanking
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.operations import voucher_ends
from handsel.use_cases.operations.projecting import project
from handsel.use_cases.orders import own_use
from handsel.use_cases.orders.purchases import buy
from handsel.use_cases.refunds import asking
from local.patterns import any_matches
from testkit.dynamodb.table import Snapshot
from testkit.simulator.environment import DAY_MS, START_MS, TABLE, Consumer, empty_table
from testkit.simulator.fault_injection import (
    Crashed,
    FakeEventBus,
    FakeProvider,
    Fault,
    FaultyConnection,
    ProviderState,
)
from testkit.simulator.model import HOLDING_ENDS, Model
from testkit.simulator.operations import ADDRESS, ADDRESS_RETENTION_MS, CARRIER, LINK_KEYS, WRAPPINGS
from testkit.simulator.scenario import seeded

WINDOW_MS = DAY_MS
AT_END_REFUND = AtEnd(EndAction.REFUND)
AT_END_TO_CAROL = AtEnd(EndAction.GIVE_TO, "carol", ids.derive_id("successor", "of carol"))
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PROJECTOR = Consumer.from_template("ProjectorFunction")


T = TypeVar("T")

Saved = tuple[Snapshot, ProviderState, int, Sequence[dict[str, Any]]]


class _RecordingClient:
    """A client that records its responses."""

    def __init__(self, client: Any, responses: list[str]) -> None:
        self._client = client
        self._responses = responses

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            try:
                answer = getattr(self._client, name)(**request)
            except ClientError as error:
                self._responses.append(repr(error.response))
                raise
            self._responses.append(repr(answer))
            return answer

        return call


class _Table(Table):
    """A store table that makes concurrent calls one after the other, always in the same order."""

    def run_concurrently(self, *calls: Callable[[], T]) -> list[T]:
        return [call() for call in calls]


class Actor:
    """One process of a harness.

    Attributes:
        calls: its calls to other services, in order, each with its possible faults.
        wait: lets other processes run, as before each call.
    """

    def __init__(
        self,
        harness: "Harness",
        *,
        seed: str,
        faults: Mapping[int, Fault],
        before_each: Callable[[], None],
        after_each: Callable[[], None],
        skew_ms: int,
        observed: list[str] | None,
    ) -> None:
        self.random = Random(seed)
        self.calls: list[tuple[str, tuple[Fault, ...]]] = []

        self.wait = before_each

        is_response = False

        def travel() -> None:
            nonlocal is_response
            if is_response:
                after_each()
            is_response = True

        def draw(name: str, possible: tuple[Fault, ...]) -> Fault | None:
            nonlocal is_response
            is_response = False
            before_each()
            self.calls.append((name, possible))
            fault = faults.get(len(self.calls) - 1)
            return fault if fault in possible else None

        self._harness = harness
        self._skew_ms = skew_ms
        self._observed = observed
        connection = FaultyConnection(
            harness.memory if observed is None else _RecordingClient(harness.memory, observed),
            travel,
            draw,
            self.now,
            harness.written,
        )
        self.table = _Table(cast("Any", connection), TABLE, sleep=lambda _: None, random=self.random)
        self.provider = FakeProvider(harness.provider_state, connection)
        self.bus = Bus(cast("Any", FakeEventBus(connection, harness.receive, lambda: False)), "bus")

    def now(self) -> int:
        now = self._harness.now + self._skew_ms
        if self._observed is not None:
            self._observed.append(str(now))
        return now

    def code(self) -> str:
        return "".join(self.random.choices(_ALPHABET, k=16))


Act = Callable[[Actor], Any]


def is_undecided(answer: object) -> bool:
    """Return whether a purchase or return gift has no outcome yet: while its order is pending, the call is repeated."""
    order = answer[0] if isinstance(answer, tuple) and answer else answer
    return isinstance(order, Order) and order.state is OrderState.PENDING


def _derive_secret(gift: Gift) -> str:
    return ids.derive_link_secret(LINK_KEYS, "1", gift.gift_id, gift.link_version)


class Harness:
    """A table with stores, products and users, a payment provider and a bus. The invariants are checked after every write."""

    def __init__(self) -> None:
        saved, self.products = seeded()
        self.now = START_MS
        self.memory = empty_table(now_ms=lambda: self.now)
        self.memory.restore(saved)
        self.published: list[dict[str, Any]] = []
        self.provider_state = ProviderState()
        self._reset_model()

    def _reset_model(self) -> None:
        self.model = Model({(item["pk"], item["sk"]): item for item in map(load_item, self.memory.items)})
        self._read = len(self.memory.stream)

    def save(self) -> Saved:
        return self.memory.snapshot(), self.provider_state.copy(), self.now, tuple(self.published)

    def load(self, saved: Saved) -> None:
        memory, provider_state, self.now, published = saved
        self.memory.restore(memory)
        self.memory.stream.clear()
        self.provider_state, self.published = provider_state.copy(), list(published)
        self._reset_model()

    def written(self, sent: int) -> None:
        fresh = self.memory.stream[self._read :]
        self._read = len(self.memory.stream)
        self.model.write(fresh, sent)

    def receive(self, entry: dict[str, str]) -> None:
        self.published.append(json.loads(entry["Detail"]))

    def actor(
        self,
        seed: str = "",
        faults: Mapping[int, Fault] | None = None,
        before_each: Callable[[], None] = lambda: None,
        after_each: Callable[[], None] = lambda: None,
        skew_ms: int = 0,
        observed: list[str] | None = None,
    ) -> Actor:
        """Return a new process.

        Args:
            seed: the seed of its random numbers.
            faults: the faults by the number of the call.
            before_each, after_each: called before each of its calls, and after the response.
            skew_ms: the difference of its clock from the true time, in milliseconds.
            observed: gets every response of the table and every reading of the clock.
        """
        return Actor(
            self,
            seed=seed,
            faults=faults or {},
            before_each=before_each,
            after_each=after_each,
            skew_ms=skew_ms,
            observed=observed,
        )

    def run_until_answered(self, act: Act, *faults: Mapping[int, Fault]) -> Any:
        """Repeat a call until it has a final response, each attempt with its own faults.

        Returns:
            The result, or the ApiProblem.
        """
        for attempt in range(len(faults) + 5):
            actor = self.actor(f"try {attempt + 1}", faults[attempt] if attempt < len(faults) else None)
            try:
                answer = act(actor)
                if not is_undecided(answer):
                    return answer
            except Crashed:
                continue
            except errors.ApiProblem as problem:
                if problem.retry_after is None:
                    return problem
        raise AssertionError("no final response, although the last attempts had no faults")

    # --- operations -------------------------------------------------------------------------------------------------

    def call(self, user: str, key: str, now: int | None = None) -> IdempotentRequest:
        return IdempotentRequest(user, key, ids.hash_request(key, None), self.now if now is None else now)

    def buy(
        self,
        user: str = "alice",
        quantity: int = 1,
        product: str = "voucher",
        token: str = "tok_ok",
        policy_id: str = "douyin",
    ) -> Order:
        bought = self.buying(user, quantity, product, token, policy_id=policy_id)(self.actor())
        return cast("Order", bought)

    def buying(
        self,
        user: str = "alice",
        quantity: int = 1,
        product: str = "voucher",
        token: str = "tok_ok",
        key: str = "buying",
        policy_id: str = "douyin",
    ) -> Act:
        def act(actor: Actor) -> Order:
            order, _ = buy(
                actor.table,
                actor.provider,
                self.call(user, f"{key} {product} {quantity}", actor.now()),
                product_id=self.products[product],
                quantity=quantity,
                method="card",
                token=token,
                policy=policy.newest(policy_id),
            )
            return order

        return act

    def give(
        self,
        order: Order,
        shares: int = 1,
        to: str | None = None,
        key: str = "giving",
        at_end: AtEnd | None = None,
        send_at: int | None = None,
    ) -> Gift:
        given = self.giving(order, shares, to, key, at_end, send_at)(self.actor())
        return cast("Gift", given)

    def giving(
        self,
        order: Order,
        shares: int = 1,
        to: str | None = None,
        key: str = "giving",
        at_end: AtEnd | None = None,
        send_at: int | None = None,
    ) -> Act:
        def act(actor: Actor) -> Gift:
            return giving.give(
                actor.table,
                self.call(order.buyer_id, key, actor.now()),
                order_id=order.order_id,
                shares=shares,
                recipient_id=to,
                wrapping=WRAPPINGS[order.product.kind],
                secret_version="1",
                window_ms=WINDOW_MS,
                at_end=at_end,
                send_at=send_at,
            )

        return act

    def making_link(self, gift: Gift, key: str = "new link") -> Act:
        return lambda actor: changing.make_link(
            actor.table, self.call(gift.giver_id, key, actor.now()), gift.gift_id, secret_version="1", clock=actor.now
        )

    def naming(self, gift: Gift, recipient: str) -> Act:
        return lambda actor: changing.change_recipient(
            actor.table, gift.gift_id, recipient, caller=gift.giver_id, clock=actor.now
        )

    def extending(self, gift: Gift, seconds: int) -> Act:
        return lambda actor: changing.extend(actor.table, gift.gift_id, seconds, caller=gift.giver_id, clock=actor.now)

    def reminding(self, gift: Gift) -> Act:
        return lambda actor: changing.remind(actor.table, gift.gift_id, caller=gift.giver_id, clock=actor.now)

    def opening(self, user: str, gift: Gift) -> Act:
        return lambda actor: opening.open_gift(
            actor.table,
            gift.gift_id,
            caller=user,
            secret=_derive_secret(gift),
            link_keys=LINK_KEYS,
            clock=actor.now,
        )

    def thanking(self, user: str, gift: Gift, key: str = "thanking") -> Act:
        return lambda actor: thanking.thank(
            actor.table, self.call(user, key, actor.now()), gift_id=gift.gift_id, message=key
        )

    def blocking(self, user: str, giver: str) -> Act:
        return lambda actor: blocking.block(actor.table, giver, caller=user, clock=actor.now)

    def setting_end(self, gift: Gift, at_end: AtEnd) -> Act:
        return lambda actor: giving.set_at_end(
            actor.table, gift.gift_id, at_end, caller=gift.giver_id, window_ms=WINDOW_MS, clock=actor.now
        )

    def claim(self, user: str, gift: Gift) -> Holding:
        holding = self.claiming(user, gift)(self.actor(user))
        return cast("Holding", holding)

    def claiming(self, user: str, gift: Gift) -> Act:
        """Return the call that claims a gift with the secret of the link that it had when it was read as `gift`."""

        def act(actor: Actor) -> Holding:
            read, _ = claiming.claim(
                actor.table,
                gift.gift_id,
                caller=user,
                secret=_derive_secret(gift),
                address=ADDRESS,
                code=actor.code(),
                link_keys=LINK_KEYS,
                clock=actor.now,
            )
            return read.holding

        return act

    def using(self, order: Order, quantity: int = 1, key: str = "using") -> Act:
        def act(actor: Actor) -> list[Holding]:
            codes = [actor.code() for _ in range(quantity)]
            call = self.call(order.buyer_id, key, actor.now())
            made = own_use.use(actor.table, call, order_id=order.order_id, codes=codes, address=ADDRESS)
            return [read.holding for read in made]

        return act

    def asking_refund(self, held: Holding, user: str | None = None, key: str = "asking") -> Act:
        """Return the call that asks for a refund of a holding, as its holder if `user` is None."""

        def act(actor: Actor) -> RefundRequest:
            return asking.ask(
                actor.table,
                actor.provider,
                self.call(user or held.holder_id, key, actor.now()),
                holding_id=held.holding_id,
                reason=RefundReason.UNWANTED,
                note=None,
                retention_ms=ADDRESS_RETENTION_MS,
            )

        return act

    def redeeming(self, held: Holding, key: str = "redeeming") -> Act:
        """Return the call that redeems a voucher, with a key."""
        redemption_id = self.redemption_id(key)
        return lambda actor: redeeming.redeem(
            actor.table,
            held.code or "",
            store_id=held.product.store_id,
            caller="mia",
            redemption_id=redemption_id,
            now=actor.now(),
        )

    def redemption_id(self, key: str = "redeeming") -> str:
        return ids.derive_id("redemption", "mia", key)

    def undoing(self, held: Holding, key: str = "redeeming") -> Act:
        """Return the call that undoes the redemption of a key."""
        return lambda actor: redeeming.undo(
            actor.table,
            self.call("mia", f"undoing {key}", actor.now()),
            code=held.code or "",
            redemption_id=self.redemption_id(key),
            store_id=held.product.store_id,
            reason="by mistake",
        )

    def ending_vouchers(self, order: Order) -> Act:
        """Return the call by which the sweep settles the timer of an order of vouchers."""
        return lambda actor: voucher_ends.settle_order(actor.table, order.order_id, clock=actor.now, read=actor.table)

    def reporting(self, held: Holding, status: ShipmentStatus, event_id: str = "", at: int = 0) -> Act:
        """Return the call by which the carrier reports a status of a parcel."""
        event = ShipmentEvent(event_id or status, status, "Depot 4", START_MS + at)
        return lambda actor: shipping.add_event(
            actor.table,
            held.shipment_id or "",
            event,
            carrier=CARRIER,
            now=actor.now(),
            retention_ms=ADDRESS_RETENTION_MS,
        )

    # --- the projection ---------------------------------------------------------------------------------------------

    def records(self) -> list[dict[str, Any]]:
        """Return the records for the projector since the harness was created or loaded."""
        return [record for record in self.memory.stream if any_matches(PROJECTOR.filters, record)]

    def projecting(self, records: Sequence[dict[str, Any]]) -> Act:
        """Return a call that projects records and fails if one of them fails."""

        def act(actor: Actor) -> None:
            if project(actor.table, actor.bus.publish, records, now=actor.now()).failed:
                raise errors.ServiceUnavailable

        return act

    def fingerprint(self) -> object:
        """Return a value that is equal for equal states of the table and the payment provider."""
        return (
            frozenset(map(repr, self.memory.items)),
            frozenset(self.provider_state.charged),
            frozenset(self.provider_state.repaid),
        )

    # --- the final state ----------------------------------------------------------------------------------------------

    def state(self) -> Mapping[str, Any]:
        """Return everything that callers can observe, without random values and without repetitions of events."""
        items = self.model.items
        kinds: dict[str, list[Any]] = {}
        for (pk, sk), item in items.items():
            match sk.partition("#")[0]:
                case (
                    "ORDER"
                    | "GIFT"
                    | "REFUND"
                    | "PRODUCT"
                    | "SUMMARY"
                    | "MESSAGE"
                    | "REGIFT_REQUEST"
                    | "TAGGED"
                    | "REMINDER"
                ):
                    attributes = {name: value for name, value in item.items() if name not in _RANDOM}
                    if "claims" in attributes:
                        attributes["claims"] = sorted(attributes["claims"])
                    kinds.setdefault(sk, []).append((pk, repr(sorted(attributes.items()))))
                case "HOLDING":
                    names = ("holder_id", "order_id", "gift_id", "quantity")
                    values = [str(item.get(name)) for name in names]
                    kinds.setdefault("HOLDING", []).append(
                        (*values, *(name in item for name in (*HOLDING_ENDS, "return_gift_order_id", "due_sk"))),
                    )
                case "SHIPMENT":
                    kinds.setdefault("SHIPMENT", []).append((item["holder_id"], item["order_id"], item["version"]))
                case "REFUND_REQUEST":
                    kinds.setdefault("REFUND_REQUEST", []).append((item["holding_id"], item["state"], item["version"]))
                case "USE":
                    kinds.setdefault("USE", []).append((pk, str(len(item["holding_ids"]))))
        published = Counter(kind for kind, _ in {(event["type"], event["id"]) for event in self.published})
        money = sorted(self.provider_state.charged), sorted(self.provider_state.repaid)
        return {kind: sorted(found) for kind, found in kinds.items()} | {"events": published, "money": money}


# The number of writes of a summary depends on retries.
_RANDOM = {"version", "ended_at"}
