"""Operations on gifts between two people: changes by the giver, openings, thanks, blocks, reports and deleted messages."""

from collections.abc import Callable
from typing import Any

from handsel.domain import errors, policy
from handsel.domain.models import Thanks
from handsel.use_cases import queries
from handsel.use_cases.gifts import blocking, changing, opening, reporting, thanking
from testkit.simulator.claimed_operations import ClaimedOperations
from testkit.simulator.environment import HOUR_MS, Process
from testkit.simulator.model import Item
from testkit.simulator.operations import LINK_KEYS, Operation, Span

MAX_CHANGES = 3
MAX_REMINDERS = 2
REMIND_AFTER_MS = 6 * HOUR_MS


class GiftOperations(ClaimedOperations):
    """Draw the operation of one step, of all kinds."""

    # --- the giver ------------------------------------------------------------------------------------------------

    def make_link(self) -> Operation | None:
        """Replace the link of a gift."""
        gift = self._pick_open(lambda item: "recipient_id" not in item)
        if gift is None:
            return None
        gift_id, user = gift["gift_id"], self._giver_of(gift)
        where = f"LINK#{self._derive_id('link', user)}", "LINK"

        def act(process: Process) -> Any:
            call = self._request(process, user)
            return changing.make_link(process.table, call, gift_id, secret_version="1", clock=process.now)

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            if isinstance(problem, errors.AlreadyNamed):
                return any("recipient_id" in each for each in self._gift_states(gift_id, span))
            return self._is_no_giver(problem, gift, user, span)

        def is_correct(answer: Any) -> bool:
            stored = self._model.items[f"GIFT#{gift_id}", "GIFT"]
            return where in self._model.items and answer.link_version <= stored.get("link_version", 0)

        return Operation(f"make link {self._name}", act, is_correct, is_justified, where)

    def change_recipient(self) -> Operation | None:
        """Name another recipient."""
        gift = self._pick_open(lambda item: item["shares"] == 1)
        if gift is None:
            return None
        gift_id, giver, user = gift["gift_id"], gift["giver_id"], self._giver_of(gift)
        is_self = self._random.random() < 0.05
        recipient = giver if is_self else self._draw_recipient(giver)

        def act(process: Process) -> Any:
            return changing.change_recipient(process.table, gift_id, recipient, caller=user, clock=process.now)

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            states = self._gift_states(gift_id, span)
            match problem:
                case errors.SelfGift():
                    return is_self
                case errors.InvalidRequest():
                    second = any(each.get("at_end", {}).get("recipient_id") == recipient for each in states)
                    return gift["shares"] > 1 or second
                case errors.TooManyChanges():
                    return any(len(each.get("former_recipients", ())) >= MAX_CHANGES for each in states)
                case errors.RecipientUnknown() | errors.TooManyGifts():
                    return self._is_unwanted(problem, giver, recipient, span)
                case _:
                    return self._is_no_giver(problem, gift, user, span)

        def is_correct(answer: Any) -> bool:
            history = self._model.states([(f"GIFT#{gift_id}", "GIFT")], 0, self._model.moment)
            return answer.gift_id == gift_id and any(
                item is not None and item.get("recipient_id") == recipient for (item,) in history
            )

        return Operation(f"change recipient {self._name}", act, is_correct, is_justified)

    def extend_gift(self) -> Operation | None:
        """Extend the claim window of a gift."""
        gift = self._pick_open()
        if gift is None:
            return None
        gift_id, user = gift["gift_id"], self._giver_of(gift)
        seconds = self._random.choice((60, 3600, 86_400, 6 * 86_400))
        allowed_ms = policy.find(gift["policy"]).extend["gift_seconds"] * 1000

        def act(process: Process) -> Any:
            return changing.extend(process.table, gift_id, seconds, caller=user, clock=process.now)

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            if not isinstance(problem, errors.NotExtendable):
                return self._is_no_giver(problem, gift, user, span)
            return any(
                each.get("extended_ms", 0) + seconds * 1000 > allowed_ms
                or each["expires_at"] + seconds * 1000 > each.get("valid_until", each["expires_at"] + seconds * 1000)
                or each.get("at_end", {}).get("then") == "give_to"
                for each in self._gift_states(gift_id, span)
            )

        def is_correct(answer: Any) -> bool:
            history = self._model.states([(f"GIFT#{gift_id}", "GIFT")], 0, self._model.moment)
            return any(item is not None and item["expires_at"] == answer.expires_at for (item,) in history)

        return Operation(f"extend gift {self._name}", act, is_correct, is_justified)

    def remind(self) -> Operation | None:
        """Remind the recipient of a gift."""
        gift = self._pick_open(lambda item: "recipient_id" in item)
        if gift is None:
            return None
        gift_id, user = gift["gift_id"], self._giver_of(gift)

        def act(process: Process) -> Any:
            return changing.remind(process.table, gift_id, caller=user, clock=process.now)

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            states = self._gift_states(gift_id, span)
            match problem:
                case errors.NotNamed():
                    return any("recipient_id" not in each for each in states)
                case errors.NotYet():
                    return any(each.get("opens_at", 0) > span.first for each in states)
                case errors.TooManyReminders():
                    times = [each["reminded_at"] for each in states if "reminded_at" in each]
                    if problem.retry_after is None:
                        return any(len(each) >= MAX_REMINDERS for each in times)
                    return any(each[-1] + REMIND_AFTER_MS > span.first for each in times)
                case _:
                    return self._is_no_giver(problem, gift, user, span)

        def is_correct(answer: Any) -> bool:
            stored = self._model.items[f"GIFT#{gift_id}", "GIFT"]
            return answer.reminded_at[-1] in stored.get("reminded_at", ())

        return Operation(f"remind {self._name}", act, is_correct, is_justified)

    def _pick_open(self, fits: Callable[[Item], bool] = lambda _: True) -> Item | None:
        """Return an open gift that fits, or any gift."""
        return self._any("GIFT", lambda item: item["state"] == "open" and fits(item)) or self._any("GIFT")

    def _giver_of(self, gift: Item) -> str:
        """Return the giver of a gift, or now and then another user."""
        return str(gift["giver_id"]) if self._random.random() < 0.95 else self._user

    def _gift_states(self, gift_id: str, span: Span) -> list[Item]:
        return self._item_states(span, (f"GIFT#{gift_id}", "GIFT"))

    def _is_no_giver(self, problem: errors.ApiProblem, gift: Item, user: str, span: Span) -> bool:
        """Return whether a problem is that of another user, or that of a gift that has ended."""
        if isinstance(problem, errors.NotFound):
            return bool(user != gift["giver_id"])
        return self._has_ended(problem, gift["gift_id"], span)

    # --- the friend -----------------------------------------------------------------------------------------------

    def open_gift(self) -> Operation | None:
        """Open a gift without claiming it."""
        gift = self._any("GIFT")
        if gift is None:
            return None
        gift_id = gift["gift_id"]
        user = gift.get("recipient_id") if self._random.random() < 0.7 else None
        user = user or self._user
        version, secret = self._draw_secret(gift)

        def act(process: Process) -> None:
            opening.open_gift(
                process.table, gift_id, caller=user, secret=secret, link_keys=LINK_KEYS, clock=process.now
            )

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            return self._is_closed(problem, gift, user, version, span)

        def is_correct(_: Any) -> bool:
            # A claimer is not noted. A change of the recipient forgets the opening.
            history = self._model.states([(f"GIFT#{gift_id}", "GIFT")], 0, self._model.moment)
            return (f"GIFT#{gift_id}", f"OPENED#{user}") in self._model.items or any(
                item is not None and ("opened_at" in item or user in item["claims"]) for (item,) in history
            )

        return Operation(f"open gift {self._name}", act, is_correct, is_justified)

    def thank(self) -> Operation | None:
        """Thank for a claimed gift."""
        gift = self._any("GIFT", lambda item: bool(item["claims"]))
        if gift is None:
            return None
        gift_id, where = gift["gift_id"], (gift["pk"], "GIFT")
        user = self._random.choice(sorted(gift["claims"])) if self._random.random() < 0.9 else self._user
        thanks_id = self._derive_id("thanks", user)

        def act(process: Process) -> Thanks:
            call = self._request(process, user)
            return thanking.thank(process.table, call, gift_id=gift_id, message=self._name)

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            states = self._gift_states(gift_id, span)
            match problem:
                case errors.NotClaimed():
                    return any(user not in each["claims"] for each in states)
                case errors.AlreadyThanked():
                    found = [each["claims"].get(user, {}).get("thanks") for each in states]
                    return any(each is not None and each["thanks_id"] != thanks_id for each in found)
                case _:
                    return False

        def is_correct(answer: Any) -> bool:
            stored = self._model.items[where]["claims"].get(user, {}).get("thanks", {})
            return (stored.get("message"), answer.message) == (self._name, self._name)

        return Operation(f"thank {self._name}", act, is_correct, is_justified)

    def report_gift(self) -> Operation | None:
        """Report a gift to the operator."""
        gift = self._any("GIFT")
        if gift is None:
            return None
        gift_id, user = gift["gift_id"], gift.get("recipient_id") or self._user
        version, secret = self._draw_secret(gift)
        where = f"GIFT#{gift_id}", f"REPORT#{user}"

        def act(process: Process) -> bool:
            return reporting.report(
                process.table,
                gift_id,
                self._name,
                caller=user,
                secret=secret,
                link_keys=LINK_KEYS,
                now=process.now(),
            )

        def is_justified(problem: errors.ApiProblem, span: Span) -> bool:
            return self._is_closed(problem, gift, user, version, span)

        return Operation(f"report gift {self._name}", act, lambda _: where in self._model.items, is_justified)

    def list_received(self) -> Operation | None:
        """List the gifts that the caller received."""
        read_at = [0]

        def act(process: Process) -> Any:
            read_at[:] = [process.now()]
            return queries.list_gifts(
                process.table,
                caller=self._user,
                role="received",
                state=None,
                limit=100,
                before=None,
                now=read_at[0],
            )

        def is_correct(answer: Any) -> bool:
            # Reading it again at the end of the run must not make it wrong, so only what cannot change is asked.
            stored = [self._model.items[f"GIFT#{each.gift_id}", "GIFT"] for each in answer.items]
            return all(each.get("opens_at", 0) <= read_at[0] for each in stored) and all(
                self._user in (each.get("recipient_id"), *_list_former(each), *each["claims"]) for each in stored
            )

        return Operation(f"list received {self._name}", act, is_correct, lambda *_: False)

    # --- consent --------------------------------------------------------------------------------------------------

    def block(self) -> Operation | None:
        """Block a user: mostly one who gave a gift to the caller."""
        gift = self._any("GIFT", lambda item: "recipient_id" in item)
        if gift is None:
            return None
        user, giver = gift["recipient_id"], gift["giver_id"]
        where = f"USER#{user}", f"FROM#{giver}"

        def act(process: Process) -> None:
            blocking.block(process.table, giver, caller=user, clock=process.now)

        def is_correct(_: Any) -> bool:
            history = [item for (item,) in self._model.states([where], 0, self._model.moment)]
            blocks = [item is not None and "blocked_at" in item for item in history]
            if sum(blocks[1:]) and not all(blocks[blocks.index(True) :]):
                return True  # it was unblocked, and perhaps blocked again by a call that is not done yet
            named = (
                item
                for key in self._model.keys_by_kind["GIFT"]
                if (item := self._model.items[key])["giver_id"] == giver and item.get("recipient_id") == user
            )
            by_the_clock = self._environment.now + self._environment.plan.skew_ms
            is_open = any(item["state"] == "open" and item["expires_at"] > by_the_clock for item in named)
            return any(blocks) and not is_open

        return Operation(f"block {self._name}", act, is_correct, lambda *_: False)

    def unblock(self) -> Operation | None:
        """End a block."""
        blocked = self._any("FROM", lambda item: "blocked_at" in item)
        if blocked is None:
            return None
        where = blocked["pk"], blocked["sk"]
        user, giver = blocked["pk"].partition("#")[2], blocked["sk"].partition("#")[2]

        def act(process: Process) -> None:
            blocking.unblock(process.table, giver, caller=user, now=process.now())

        def is_correct(_: Any) -> bool:
            history = self._model.states([where], 0, self._model.moment)
            return any(item is None or "blocked_at" not in item for (item,) in history)

        return Operation(f"unblock {self._name}", act, is_correct, lambda *_: False)


def _list_former(gift: Item) -> list[str]:
    return [each["user_id"] for each in gift.get("former_recipients", ()) if "user_id" in each]
