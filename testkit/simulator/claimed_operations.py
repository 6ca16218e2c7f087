"""Operations on what was claimed or taken: refund requests, redemptions and their undo, extensions of vouchers."""

from collections.abc import Callable
from typing import Any

from handsel.domain import errors, policy
from handsel.domain.models import FIRST_POLICY
from handsel.domain.states import RefundReason
from handsel.use_cases.fulfilment import extending, redeeming
from handsel.use_cases.refunds import asking, deciding
from testkit.simulator.environment import DAY_MS, Process
from testkit.simulator.model import Item, Where
from testkit.simulator.operations import ADDRESS_RETENTION_MS, OTHER_STORE, STORE, USERS, Operation, Operations, Span

# The status of a shipment whose goods the holder does not have: nobody has to decide about a refund.
_WITHOUT_GOODS = ("ready_to_ship", "lost", "returned")
_SEND_BACK_MS = 14 * DAY_MS


class ClaimedOperations(Operations):
    """Draw the operation of one step, of all kinds."""

    def _item_states(self, span: Span, where: Where) -> list[Item]:
        return [item for (item,) in self._states(span, where) if item is not None]

    # --- refund requests ------------------------------------------------------------------------------------------

    def ask_refund(self) -> Operation | None:
        """Ask for a refund of a holding: as its holder, as the payer, or now and then as somebody else."""
        held = self._any("HOLDING")
        if held is None:
            return None
        order = self._model.items[f"ORDER#{held['order_id']}", "ORDER"]
        holder, payer = held["holder_id"], order["buyer_id"]
        user = self._random.choices((holder, payer, self._user), (75, 20, 5))[0]
        request_id = self._derive_id("refund request", user)
        where = f"REFUND_REQUEST#{request_id}", "REFUND_REQUEST"
        rules = policy.find(order.get("policy", FIRST_POLICY))

        def act(process: Process) -> Any:
            return asking.ask(
                process.table,
                process.provider,
                self._request(process, user),
                holding_id=held["holding_id"],
                reason=RefundReason.UNWANTED,
                note=None,
                retention_ms=ADDRESS_RETENTION_MS,
            )

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            if isinstance(problem, errors.NotFound):
                return user != holder and not (user == payer and rules.refund_by != "holder")
            if not isinstance(problem, errors.NotRefundable):
                return False
            reasons = self._find_reasons(held, rules, span)
            if user == holder and not (rules.refund_by == "payer" and holder != payer):
                return problem.reason in reasons
            return problem.reason == "not-possible" and (user == holder or bool(reasons))

        def is_correct(answer: Any) -> bool:
            return answer.refund_request_id == request_id and self._was_in(where, answer.state)

        return Operation(f"ask refund {self._name}", act, is_correct, is_justified, where)

    def _find_reasons(self, held: Item, rules: policy.Policy, span: Span) -> set[str]:
        """Return the reasons that spoke against a refund of a holding at some time."""
        reasons = set[str]()
        for item in self._item_states(span, (f"HOLDING#{held['holding_id']}", "HOLDING")):
            reasons |= {"refunded"} if "refunded_at" in item else set()
            reasons |= {"redeemed"} if "redeemed_at" in item else set()
            over = item.get("valid_until", span.last + 1) <= span.last
            reasons |= {"expired"} if over or "expired_at" in item else set()
            if "refund_request_id" in item:
                asked = f"REFUND_REQUEST#{item['refund_request_id']}", "REFUND_REQUEST"
                states = self._item_states(span, asked)
                reasons |= {"already-requested"} if any(each["state"] != "withdrawn" for each in states) else set()
        if "shipment_id" in held:
            for sent in self._item_states(span, (f"SHIPMENT#{held['shipment_id']}", "SHIPMENT")):
                delivered = [each["occurred_at"] for each in sent["events"].values() if each["status"] == "delivered"]
                if delivered:
                    over = min(delivered) + rules.return_days * DAY_MS <= span.last
                    reasons |= {"too-late"} if over else set()
                elif sent["owner_pk"].rpartition("#")[2] not in _WITHOUT_GOODS:
                    reasons.add("on-its-way")
        return reasons

    def _was_in(self, where: Where, state: str) -> bool:
        """Return whether a refund request has been in a state."""
        states = self._model.states([where], 0, self._model.moment)
        return any(item is not None and item["state"] == state for (item,) in states)

    def _step(
        self,
        name: str,
        call: Callable[[Process, Item], Any],
        *,
        user: Callable[[Item], str] | None = None,
        problem: type[errors.ApiProblem],
        fits: Callable[[Item, Span], bool],
    ) -> Operation | None:
        """Return a step of a refund request.

        Args:
            user: returns who may take it; the merchant if None.
            problem: the error of a call that comes too late or too early.
            fits: whether a state of the request, by a clock within a span, was one in which the step is possible.
        """
        asked = self._any("REFUND_REQUEST")
        if asked is None:
            return None
        where = asked["pk"], asked["sk"]
        is_foreign = self._random.random() < 0.05
        stranger = next(each for each in USERS if each not in (asked["asked_by"], asked["holder_id"]))
        caller = ("" if user is None else stranger) if is_foreign else ("" if user is None else user(asked))

        def act(process: Process) -> Any:
            return call(process, asked | {"caller": caller, "store": OTHER_STORE if is_foreign else STORE})

        def is_justified(error: errors.ApiProblem, span: Span) -> bool:
            if isinstance(error, errors.NotFound):
                return is_foreign
            states = self._item_states(span, where)
            return isinstance(error, problem) and any(not fits(each, span) for each in states)

        def is_correct(answer: Any) -> bool:
            return not is_foreign and self._was_in(where, answer.state)

        return Operation(f"{name} {self._name}", act, is_correct, is_justified)

    def withdraw(self) -> Operation | None:
        return self._step(
            "withdraw",
            lambda process, asked: asking.withdraw(
                process.table,
                process.provider,
                asked["refund_request_id"],
                caller=asked["caller"],
                now=process.now(),
            ),
            user=lambda asked: str(asked["asked_by"]),
            problem=errors.AlreadyDecided,
            fits=_awaits_decision,
        )

    def decide(self) -> Operation | None:
        approve, without_return = self._random.random() < 0.6, self._random.random() < 0.3
        return self._step(
            "decide",
            lambda process, asked: deciding.decide(
                process.table,
                process.provider,
                asked["refund_request_id"],
                store_id=asked["store"],
                approve=approve,
                without_return=approve and without_return,
                note=None,
                now=process.now(),
            ),
            problem=errors.AlreadyDecided,
            fits=_awaits_decision,
        )

    def send_back(self) -> Operation | None:
        return self._step(
            "send back",
            lambda process, asked: deciding.send_back(
                process.table,
                process.provider,
                asked["refund_request_id"],
                caller=asked["caller"],
                carrier="swift",
                tracking_number=self._name,
                now=process.now(),
            ),
            user=lambda asked: str(asked["holder_id"]),
            problem=errors.NoReturnExpected,
            fits=lambda asked, span: (
                (asked["state"] in ("approved", "returning") and _is_in_time(asked, span))
                or (asked["state"] == "requested" and asked["decide_by"] <= span.first)
            ),
        )

    def receive(self) -> Operation | None:
        return self._step(
            "receive",
            lambda process, asked: deciding.receive(
                process.table, process.provider, asked["refund_request_id"], store_id=asked["store"], now=process.now()
            ),
            problem=errors.NoReturnExpected,
            fits=lambda asked, span: asked["state"] == "returning" and _is_in_time(asked, span),
        )

    def hold(self) -> Operation | None:
        return self._step(
            "hold",
            lambda process, asked: deciding.hold(
                process.table, process.provider, asked["refund_request_id"], store_id=asked["store"], now=process.now()
            ),
            problem=errors.NoReturnExpected,
            fits=lambda asked, span: asked["state"] == "returning" and _is_in_time(asked, span),
        )

    def resolve(self) -> Operation | None:
        """Decide about a request that the merchant held, as an operator does."""
        approve = self._random.random() < 0.5
        asked = self._any("REFUND_REQUEST", lambda item: "held_at" in item)
        if asked is None:
            return None
        where = asked["pk"], asked["sk"]

        def act(process: Process) -> Any:
            return deciding.resolve(
                process.table, process.provider, asked["refund_request_id"], approve=approve, now=process.now()
            )

        def is_justified(error: errors.ApiProblem, span: Span) -> bool:
            states = self._item_states(span, where)
            return isinstance(error, errors.AlreadyDecided) and any(each["state"] != "returning" for each in states)

        return Operation(f"resolve {self._name}", act, lambda answer: self._was_in(where, answer.state), is_justified)

    # --- vouchers -------------------------------------------------------------------------------------------------

    def redeem(self) -> Operation | None:
        """Redeem a voucher, with an idempotency key or without."""
        held = self._any("HOLDING", lambda item: "code" in item)
        if held is None:
            return None
        where = f"HOLDING#{held['holding_id']}", "HOLDING"
        store_id = STORE if self._random.random() < 0.9 else OTHER_STORE
        has_key = self._random.random() < 0.5
        redemption_id = self._derive_id("redemption", "mia")
        record = f"REDEMPTION#{redemption_id}", "REDEMPTION"

        def act(process: Process) -> Any:
            own = redemption_id if has_key else "".join(process.random.choices("0123456789abcdef", k=32))
            return redeeming.redeem(
                process.table,
                held["code"],
                store_id=store_id,
                caller="mia",
                redemption_id=own,
                now=process.now(),
            )[1]

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            states = self._item_states(span, where)
            match problem:
                case errors.NotFound():
                    return store_id == OTHER_STORE
                case errors.AlreadyRedeemed():
                    return any("redeemed_at" in each for each in states)
                case errors.VoucherRefunded():
                    return any("refunded_at" in each for each in states)
                case errors.VoucherExpired():
                    return any(
                        "expired_at" in each or each.get("valid_until", span.last + 1) <= span.last for each in states
                    )
                case _:
                    return False

        def is_correct(answer: Any) -> bool:
            made = self._model.item("REDEMPTION", answer.redemption_id)
            history = self._model.states([where], 0, self._model.moment)
            return (
                (not has_key or answer.redemption_id == redemption_id)
                and made is not None
                and made["holding_id"] == held["holding_id"]
                and any(item is not None and item.get("redemption") == answer.redemption_id for (item,) in history)
            )

        return Operation(f"redeem {self._name}", act, is_correct, is_justified, record if has_key else None)

    def undo(self) -> Operation | None:
        """Undo a redemption."""
        made = self._any("REDEMPTION")
        if made is None:
            return None
        where = made["pk"], made["sk"]
        held = self._model.items[f"HOLDING#{made['holding_id']}", "HOLDING"]
        store_id = STORE if self._random.random() < 0.95 else OTHER_STORE

        def act(process: Process) -> Any:
            return redeeming.undo(
                process.table,
                self._request(process, "mia"),
                code=held["code"],
                redemption_id=made["redemption_id"],
                store_id=store_id,
                reason="by mistake",
            )[1]

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            match problem:
                case errors.NotFound():
                    return store_id == OTHER_STORE
                case errors.TooLateToUndo():
                    return bool(made["undo_until"] <= span.last)
                case _:
                    return False

        def is_correct(answer: Any) -> bool:
            return answer.undone_at is not None and self._model.items[where].get("undone_at") == answer.undone_at

        return Operation(f"undo {self._name}", act, is_correct, is_justified)

    def extend(self) -> Operation | None:
        """Extend a voucher."""
        held = self._any("HOLDING", lambda item: "code" in item)
        if held is None:
            return None
        where = f"HOLDING#{held['holding_id']}", "HOLDING"
        order = self._model.items[f"ORDER#{held['order_id']}", "ORDER"]
        days = policy.find(order.get("policy", FIRST_POLICY)).extend["voucher_days"]

        def act(process: Process) -> Any:
            return extending.extend(
                process.table, held["holding_id"], caller=held["holder_id"], clock=process.now
            ).holding

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            return isinstance(problem, errors.NotExtendable) and (
                days == 0
                or any(
                    item.get("valid_until", 0) <= span.last
                    or any(name in item for name in ("redeemed_at", "refunded_at", "expired_at"))
                    for item in self._item_states(span, where)
                )
            )

        def is_correct(answer: Any) -> bool:
            item = self._model.items[where]
            return bool(item["valid_until"] == answer.valid_until == item["extended_from"] + days * DAY_MS)

        return Operation(f"extend {self._name}", act, is_correct, is_justified)


def _awaits_decision(asked: Item, span: Span) -> bool:
    return bool(asked["state"] == "requested" and asked["decide_by"] > span.last)


def _is_in_time(asked: Item, span: Span) -> bool:
    return bool("due_at" not in asked or asked["due_at"] > span.last)
