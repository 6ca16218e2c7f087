"""Every policy, gift, caller and action: the expected status and code come from the tables here, not from the code.

`PROFILES` says what each policy allows, and `RULES` what callers get. Of the rows of an action, the first that names the
caller applies; of its outcomes, the first whose words, joined by `+`, all apply to the situation, or that has no word.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from handsel.domain import policy
from handsel.domain.times import format_timestamp, parse_timestamp
from handsel.runtime import settings
from testkit.handlers.stack import ADDRESS, DAY, Answer, Stack, gift_request


@dataclass(frozen=True)
class Profile:
    """The rules of a policy.

    Attributes:
        voucher_days, parcel_days: the length of the claim window.
        at_end: what happens at its end.
        extend_days: by how much the giver can extend the window of an open gift.
        forbids: the words for what it rules out; `payer` is that a payer asks for the refund of what others claimed.
    """

    voucher_days: int
    parcel_days: int
    at_end: str
    forbids: frozenset[str]
    extend_days: int = 0


PROFILES: Mapping[str, Profile] = {
    "douyin": Profile(1, 1, "order", frozenset({"jewelry", "education", "expensive", "payer", "extend"})),
    "wechat": Profile(
        1, 1, "refund", frozenset({"jewelry", "education", "expensive", "cancel", "choice", "payer", "extend"})
    ),
    # A voucher of the demo is valid for 90 days, which ends the window of 93 days.
    "kakao": Profile(90, 7, "refund", frozenset({"choice", "payer"}), extend_days=7),
    "eu": Profile(1, 1, "order", frozenset({"extend"})),
}
RULES = """
claim     | nobody    | 401 unauthenticated
          | giver     | 403 own-gift
          | claimers  | 200
          | openers   | open 201; scheduled 409 not-yet; ENDS
          | user      | named 403 not-the-recipient; link 403 wrong-secret
open      | nobody    | 401 unauthenticated
          | giver     | 403 own-gift
          | claimers  | 204
          | openers   | open 204; scheduled 409 not-yet; ENDS
          | user      | named 403 not-the-recipient; link 403 wrong-secret
decline   | nobody    | 401 unauthenticated
          | recipient | open+no-decline 409 not-allowed decline; open 200; declined 200; scheduled 409 not-yet; ENDS
          | user      | 403 not-the-recipient
cancel    | nobody    | 401 unauthenticated
          | giver     | cancelled 200; ENDS; no-cancel 409 not-allowed giver_cancel; 200
          | user      | 404 not-found
new link  | nobody    | 401 unauthenticated
          | giver     | ENDS; named 409 already-named; 200
          | user      | 404 not-found
rename    | nobody    | 401 unauthenticated
          | giver     | ENDS; link 422 invalid-request; 200
          | user      | 404 not-found
later     | nobody    | 401 unauthenticated
          | giver     | ENDS; too-late 409 not-extendable; no-later 409 not-extendable; bound 409 not-extendable; 200
          | user      | 404 not-found
remind    | nobody    | 401 unauthenticated
          | giver     | ENDS; link 409 not-named; scheduled 409 not-yet; 202
          | user      | 404 not-found
set end   | nobody    | 401 unauthenticated
          | giver     | ENDS; policy's 200; no-choice 409 not-allowed giver_may_choose; give_to+link 422 invalid-request; 200
          | user      | 404 not-found
ask again | nobody    | 401 unauthenticated
          | giver     | 403 own-gift
          | claimers  | open 409 still-open; 409 already-claimed
          | openers   | open 409 still-open; scheduled 409 not-yet; returned 202; ENDS
          | user      | named 403 not-the-recipient; link 403 wrong-secret
ask refund| nobody    | 401 unauthenticated
          | claimers  | over 409 not-refundable expired; 201
          | giver     | held+no-payer 404 not-found; held+over 409 not-refundable not-possible; held 201; 404 not-found
          | user      | 404 not-found
extend    | nobody    | 401 unauthenticated
          | claimers  | parcel 409 not-extendable; no-extend 409 not-extendable; over 409 not-extendable; 200
          | user      | 404 not-found
read      | nobody    | 401 unauthenticated
          | user      | 200
preview   | user      | 200
order     | nobody    | 401 unauthenticated
          | giver     | 200
          | user      | 404 not-found
give      | nobody    | 401 unauthenticated
          | giver     | CATEGORY; expensive+no-expensive 422 not-giftable price_caps; CHOICE; 201
          | user      | 404 not-found
"""
CATEGORY = "; ".join(f"{name}+no-{name} 422 not-giftable excluded_categories" for name in ("jewelry", "education"))
CHOICE = "policy's 201; no-choice 409 not-allowed giver_may_choose"
ENDS = "claimed 409 already-claimed; returned 410 expired; cancelled 410 cancelled; declined 410 declined"
# Users by role. A friend has the link and claimed nothing.
USERS: Mapping[str, str | None] = {
    "nobody": None,
    "giver": "alice",
    "recipient": "bob",
    "claimer": "carol",
    "other claimer": "dave",
    "friend": "friend",
    "stranger": "stranger",
    "merchant": "mia",
}
LINK_HOLDERS = {"claimer", "other claimer", "friend"}
PRODUCTS = {
    "voucher": set[str](),
    "parcel": set[str](),
    "jewelry": {"jewelry"},
    "education": {"education"},
    "price_at_cap": set[str](),
    "price_over_cap": {"expensive"},
}
COVERS = {"voucher": "red-classic", "parcel": "parcel-kraft"}


@dataclass(frozen=True)
class History:
    """A gift and what happened to it.

    Attributes:
        state: the state that it is in.
        shares: more than one makes it a gift by link, one a gift to the recipient.
        claimed_by: the roles that claimed a share.
        ended_by: the role that ended it.
    """

    state: str
    product: str = "voucher"
    shares: int = 1
    claimed_by: tuple[str, ...] = ()
    ended_by: str | None = None


HISTORIES = (
    History("open", shares=2),
    History("scheduled", shares=2),
    History("open", shares=2, claimed_by=("claimer",)),
    History("claimed", shares=2, claimed_by=("claimer", "other claimer")),
    History("returned", shares=2),
    History("returned", shares=2, claimed_by=("claimer",)),
    History("cancelled", shares=2, claimed_by=("claimer",), ended_by="giver"),
    *(
        each
        for product in ("voucher", "parcel")
        for each in (
            History("open", product),
            History("scheduled", product),
            History("claimed", product, claimed_by=("recipient",)),
            History("returned", product),
            History("cancelled", product, ended_by="giver"),
            History("declined", product, ended_by="recipient"),
        )
    ),
)


@dataclass
class Situation:
    """A gift that exists, the words that apply to it, and the holdings by role."""

    profile: str
    words: set[str]
    order: Mapping[str, Any]
    gift: Mapping[str, Any]
    claimers: frozenset[str] = frozenset()
    holdings: Mapping[str, str] = field(default_factory=dict)

    def has_role(self, caller: str, role: str) -> bool:
        is_named = self.gift["recipient_id"] is not None
        members = {
            "user": set(USERS),
            "claimers": self.claimers,
            "openers": {"recipient"} if is_named else LINK_HOLDERS,
            "recipient": {"recipient"} if is_named else set[str](),
        }
        return caller in members.get(role, {role})

    def sees_state(self, caller: str, action: str) -> bool:
        """Return whether a caller sees the state of the gift.

        Of a gift that names its recipient, only they and the giver see it, unless it is scheduled.
        """
        is_public = self.gift["recipient_id"] is None or "scheduled" in self.words
        return is_public or (action == "read" and caller in ("giver", "recipient"))


# --- expected outcomes --------------------------------------------------------------------------------------------


@cache
def rules() -> dict[str, list[tuple[str, str]]]:
    """Return the rows of each action: role and outcomes."""
    table: dict[str, list[tuple[str, str]]] = {}
    action = ""
    for line in RULES.strip().splitlines():
        named, role, outcomes = (cell.strip() for cell in line.split("|"))
        action = named or action
        table.setdefault(action, []).append((role, _fill_in(outcomes)))
    return table


def _fill_in(outcomes: str) -> str:
    """Replace the names of constants."""
    for name, value in {"ENDS": ENDS, "CATEGORY": CATEGORY, "CHOICE": CHOICE}.items():
        outcomes = outcomes.replace(name, value)
    return outcomes


def expected(action: str, caller: str, situation: Situation, end: str = "") -> str:
    """Return the expected status, code and rule.

    Args:
        end: what the caller wants to happen at the end of the claim window; an empty string leaves it to the policy.
    """
    outcomes = next(outcomes for role, outcomes in rules()[action] if situation.has_role(caller, role))
    wanted = {end, "policy's"} if end in ("", PROFILES[situation.profile].at_end) else {end}
    for outcome in outcomes.split("; "):
        words, _, rest = outcome.partition(" ")
        if words.isdigit():
            return outcome
        if set(words.split("+")) <= situation.words | wanted:
            return rest
    raise LookupError(f"no outcome of {action} for {caller} in {situation.words}")


def ruled_out(caller: str, situation: Situation) -> list[dict[str, str]] | None:
    """Return the actions that are ruled out for the giver, as their view has them; None for other callers."""
    if caller != "giver":
        return None
    return [
        {"action": action, "rule": rule}
        for word, action, rule in (
            ("no-cancel", "cancel", "giver_cancel"),
            ("no-choice", "choose_end", "giver_may_choose"),
        )
        if word in situation.words and situation.words & {"open", "scheduled"}
    ]


def actual(answer: Answer) -> str:
    """Return the status, code and rule of an answer."""
    if answer.status < 400:
        return str(answer.status)
    detail = answer.body.get("rule") or answer.body.get("reason")
    return " ".join(str(each) for each in (answer.status, answer.body["code"], detail) if each)


# --- situations and calls -----------------------------------------------------------------------------------------


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that changes the policy of the stack."""

    def follow(policy_id: str) -> None:
        monkeypatch.setenv("POLICY", policy_id)
        settings.settings.cache_clear()

    yield follow
    settings.settings.cache_clear()


def build(stack: Stack, profile: str, history: History, follow: Callable[[str], None]) -> Situation:
    """Give a gift of an order that was bought under a policy, and let happen what the history says.

    From the purchase on, the stack follows another policy, which must not matter.
    """
    rules = PROFILES[profile]
    follow(profile)
    order = stack.buy(quantity=history.shares, product=history.product)
    follow("wechat" if profile == "eu" else "eu")
    more = {} if history.shares > 1 else {"recipient_id": "bob"}
    opens_at = stack.now + DAY
    if history.state == "scheduled":
        more["send_at"] = format_timestamp(opens_at)
    gift = stack.give(order, history.shares, **more)
    holdings: dict[str, str] = {}
    for role in history.claimed_by:
        claimed = stack.claim(str(USERS[role]), gift)
        assert claimed.status == 201
        holdings[role] = claimed.body["holding_id"]
    if history.ended_by is not None:
        how = {"cancelled": "cancel", "declined": "decline"}[history.state]
        assert stack.call(USERS[history.ended_by], "POST", f"/gifts/{gift['gift_id']}/{how}").status == 200
    # The last millisecond before the opening, the last one of the claim window, or the first after it.
    days = rules.voucher_days if history.product == "voucher" else rules.parcel_days
    stack.now = opens_at - 1 if "send_at" in more else stack.now + days * DAY - (history.state != "returned")
    words = {history.state, "link" if history.shares > 1 else "named", *(f"no-{each}" for each in rules.forbids)}
    words |= {history.product} | ({"held"} if holdings else set())
    if not rules.extend_days:
        words.add("no-later")
    # The vouchers are valid as long as the window is open.
    if history.product == "voucher" and days == order["product"]["validity_days"]:
        words |= {"bound"} | ({"over"} if history.state == "returned" else set())
    return Situation(profile, words, order, gift, frozenset(history.claimed_by), holdings)


def is_reachable(profile: str, history: History) -> bool:
    """Return whether a policy allows a gift to end in this way."""
    return {"cancelled": "cancel", "declined": "decline"}.get(history.state) not in PROFILES[profile].forbids


def to_body(end: str) -> dict[str, str]:
    """Return an end as requests have it."""
    return {"then": end} | ({"recipient_id": "stranger"} if end == "give_to" else {})


def find_place(situation: Situation, end: str) -> str:
    """Return the place of the units that nobody claimed, once the claim window has ended."""
    if situation.words & {"cancelled", "declined"}:
        return "available"
    return {"order": "available", "refund": "refunded", "give_to": "in_gift"}[end]


def act(stack: Stack, action: str, caller: str, situation: Situation, end: str = "") -> Answer:
    """Make the call of an action."""
    user, gift_id = USERS[caller], situation.gift["gift_id"]
    secret = {"secret": situation.gift["secret"]} if caller in LINK_HOLDERS and situation.gift["secret"] else {}
    match action:
        case "claim":
            address = {"address": ADDRESS} if situation.gift["presentation"] == "parcel" else {}
            return stack.call(user, "POST", f"/gifts/{gift_id}/claims", secret | address)
        case "decline" | "cancel":
            return stack.call(user, "POST", f"/gifts/{gift_id}/{action}")
        case "open":
            return stack.call(user, "POST", f"/gifts/{gift_id}/opened", secret)
        case "new link":
            return stack.call(user, "POST", f"/gifts/{gift_id}/link")
        case "rename":
            return stack.call(user, "PUT", f"/gifts/{gift_id}/recipient", {"recipient_id": "stranger"})
        case "later":
            days = PROFILES[situation.profile].extend_days or 1
            return stack.call(
                user, "POST", f"/gifts/{gift_id}/extend", {"seconds": days * 86_400 + (end == "too-late")}
            )
        case "remind":
            return stack.call(user, "POST", f"/gifts/{gift_id}/remind")
        case "set end":
            return stack.call(user, "PUT", f"/gifts/{gift_id}/at-end", to_body(end))
        case "ask again":
            return stack.call(user, "POST", f"/gifts/{gift_id}/ask-again", secret)
        case "ask refund" | "extend":
            holding_id = situation.holdings.get(caller, next(iter(situation.holdings.values()), "unknown"))
            if action == "extend":
                return stack.call(user, "POST", f"/holdings/{holding_id}/extend")
            return stack.call(user, "POST", f"/holdings/{holding_id}/refund-requests", {"reason": "unwanted"})
        case "read":
            return stack.call(user, "GET", f"/gifts/{gift_id}")
        case "preview":
            return stack.call(user, "GET", f"/gifts/{gift_id}/preview")
        case "order":
            return stack.call(user, "GET", f"/orders/{situation.order['order_id']}")
    raise LookupError(action)


# --- the tests ----------------------------------------------------------------------------------------------------


def test_every_policy_has_a_profile() -> None:
    assert PROFILES.keys() == policy.load_policies().keys()


@pytest.fixture
def users(stack: Stack) -> None:
    """Give every user an account."""
    for user in filter(None, USERS.values()):
        assert stack.call(user, "GET", "/me").status == 200


CASES = (
    *((action, "") for action in rules() if action not in ("give", "set end")),
    ("later", "too-late"),
    *(("set end", end) for end in ("order", "refund", "give_to")),
)


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize("profile", PROFILES)
def test_every_action_on_every_gift(
    stack: Stack, profile: str, follow: Callable[[str], None], record_property: Callable[[str, object], None]
) -> None:
    empty, start = stack.save(), stack.now
    seen = Counter[str]()
    for history in filter(lambda each: is_reachable(profile, each), HISTORIES):
        stack.load(empty)
        stack.now = start
        situation = build(stack, profile, history, follow)
        before, at = stack.save(), stack.now
        for action, end in CASES:
            for caller in USERS:
                wanted = expected(action, caller, situation, end)
                answer = act(stack, action, caller, situation, end)
                cell = (profile, history, action, end, caller)
                assert actual(answer) == wanted, (cell, answer.raw)
                if answer.status == 200 and action in ("read", "preview"):
                    is_shown = situation.sees_state(caller, action)
                    assert answer.body["state"] == (history.state if is_shown else None), cell
                if answer.status == 200 and action == "read":
                    assert answer.body.get("refusals") == ruled_out(caller, situation), cell
                if answer.status == 200 and action in ("later", "order", "set end"):
                    if action == "later":
                        check_extension(stack, situation, answer.body["expires_at"])
                    elif history.state in ("open", "scheduled"):
                        stack.now = parse_timestamp(situation.gift["expires_at"])
                    check_units(stack, situation, end or PROFILES[profile].at_end)
                stack.load(before)
                stack.now = at
                seen[wanted] += 1
    record_property("figures", f"policy {profile}: {seen.total()} cells: {dict(sorted(seen.items()))}")


def check_extension(stack: Stack, situation: Situation, expires_at: str) -> None:
    """Check that a gift that was extended expires as much later; then it is that time."""
    ends_at = parse_timestamp(situation.gift["expires_at"]) + PROFILES[situation.profile].extend_days * DAY
    assert expires_at == format_timestamp(ends_at)
    path = f"/gifts/{situation.gift['gift_id']}"
    for stack.now, state in ((ends_at - 1, "open"), (ends_at, "returned")):
        assert stack.call("alice", "GET", path).body["state"] == state


def check_units(stack: Stack, situation: Situation, end: str) -> None:
    """Check the places of the units of the order, once the claim window has ended."""
    order = stack.call("alice", "GET", f"/orders/{situation.order['order_id']}").body
    gifted = len(situation.claimers)
    places = {"gifted": gifted, find_place(situation, end): order["quantity"] - gifted}
    assert {name: count for name, count in order["units"].items() if count} == {
        name: count for name, count in places.items() if count
    }, situation


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize("profile", PROFILES)
def test_what_can_be_given(stack: Stack, profile: str, follow: Callable[[str], None]) -> None:
    forbidden = {f"no-{each}" for each in PROFILES[profile].forbids}
    for product, words in PRODUCTS.items():
        follow(profile)
        order = stack.buy(product=product)
        situation = Situation(profile, words | forbidden, order, {"recipient_id": None})
        is_possible = expected("give", "giver", situation) == "201"
        assert ("gift" in order["actions"], order["product"]["giftable"]) == (is_possible, is_possible), product
        rule = expected("give", "giver", situation).partition("not-giftable ")[2]
        shown = [{"action": "gift", "rule": rule}] if rule else []
        if "choice" in PROFILES[profile].forbids:
            shown.append({"action": "choose_end", "rule": "giver_may_choose"})
        assert order["refusals"] == shown, product
        follow("wechat" if profile == "eu" else "eu")
        before = stack.save()
        wrapping = {"cover_id": COVERS[order["product"]["kind"]], "blessing_id": "best-wishes"}
        for end in ("", "order", "refund", "give_to"):
            body = gift_request(wrapping=wrapping) | ({"at_end": to_body(end)} if end else {})
            for caller, user in USERS.items():
                answer = stack.call(user, "POST", f"/orders/{order['order_id']}/gifts", body)
                assert actual(answer) == expected("give", caller, situation, end), (product, end, caller, answer.raw)
                stack.load(before)


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize("profile", PROFILES)
def test_a_return_gift_follows_the_policy_of_the_stack_when_it_is_bought(
    stack: Stack, profile: str, follow: Callable[[str], None]
) -> None:
    follow("wechat" if profile == "eu" else "eu")
    received = stack.give(stack.buy())
    assert stack.claim("bob", received).status == 201
    follow(profile)
    body = {
        "product_id": stack.products["voucher"],
        "payment": {"method": "card", "token": "tok_ok"},
        "wrapping": {"cover_id": COVERS["voucher"], "blessing_id": "best-wishes"},
    }
    answer = stack.call("bob", "POST", f"/gifts/{received['gift_id']}/return-gifts", body)
    assert answer.status == 201, answer.raw
    rules, order, gift = PROFILES[profile], answer.body["order"], answer.body["gift"]
    follow("wechat" if profile == "eu" else "eu")
    cancelled = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/cancel")
    assert (cancelled.status == 200) == ("cancel" not in rules.forbids), cancelled.raw
    stack.now += rules.voucher_days * DAY
    units = stack.call("bob", "GET", f"/orders/{order['order_id']}").body["units"]
    # At the end of their validity, vouchers are repaid, also if the gift ended otherwise.
    is_over = rules.voucher_days == order["product"]["validity_days"]
    is_refunded = is_over or (rules.at_end == "refund" and "cancel" in rules.forbids)
    assert units["refunded" if is_refunded else "available"] == 1
