"""Texts of messages and reasons: complete in every language, and names are inserted unchanged."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from handsel.domain import messages, policy, texts
from handsel.domain.messages import PARAMS, Message, MessageKind
from handsel.domain.models import DAY_MS, AtEnd, Kind, NotShipped, Thanks
from handsel.domain.reasons import Reason
from handsel.domain.states import EndAction, GiftState, RefundRequestState, RefundStatus, ShipmentStatus
from handsel.domain.texts import PLURALS, TEXTS, Select, Text, render
from testkit.factories import NOW, gift, refund, refund_request, shipment, voucher

LANGUAGES = sorted(TEXTS)
# A user's text that contains placeholders.
NAME = "Bob {name} {units} {0} \\1 %s\nYour parcel was delivered."
# Params that are null for some readers.
NULL_TOO = {
    MessageKind.GIFT_REMINDER: {"name"},
    MessageKind.PARCEL_NOT_SHIPPED: {"holding_id"},
    MessageKind.REFUND_DECIDED: {"holding_id"},
}
NAMES_OF_REASON = {
    Reason.ALSO: ["title"],
    Reason.SHOPPED: ["store"],
    Reason.STORE: ["store"],
    Reason.OFFERED: ["store"],
}


def every_message() -> Iterator[Message]:
    for kind in Kind:
        given = replace(gift(kind=kind, recipient_id="bob"), giver_name=NAME)
        yield from messages.derive_gift_messages(None, given)
        reminders = [messages.build_reminder(given, lead * 1000) for lead in policy.list_reminders()]
        yield from reminders
        # The giver reminds, with two days left.
        expiring = replace(given, expires_at=NOW + 2 * DAY_MS)
        yield from messages.derive_gift_messages(expiring, replace(expiring, reminded_at=(NOW,)))
        # The account of the giver was deleted.
        yield from (message.named(None) for message in reminders)
        for state in (GiftState.DECLINED, GiftState.CANCELLED):
            yield from messages.derive_gift_messages(
                given, gift(kind=kind, recipient_id="bob", state=state, ended_at=NOW)
            )
    yield from messages.derive_gift_messages(gift(), replace(gift(), opened_at=NOW, opened_count=1))
    claimed = gift("bob", state=GiftState.CLAIMED)
    thanks = Thanks("Lovely!", NOW, "thanks", "hash")
    thanked = replace(claimed, claims={"bob": replace(claimed.claims["bob"], thanks=thanks)})
    yield from messages.derive_gift_messages(claimed, thanked)
    for shares in (2, 3):
        ended = gift("bob", shares=shares, state=GiftState.RETURNED, ended_at=NOW)
        yield from messages.derive_gift_messages(gift(shares=shares), ended)
        refunded = replace(ended, at_end=AtEnd(EndAction.REFUND))
        yield from messages.derive_gift_messages(gift(shares=shares), refunded)
    passed_on = gift(state=GiftState.RETURNED, ended_at=NOW)
    passed_on = replace(passed_on, at_end=AtEnd(EndAction.GIVE_TO, "carol", "successor", 1))
    yield from messages.derive_gift_messages(gift(), passed_on)
    yield messages.build_regift_request("gift", "alice", "bob", at=NOW)
    for before in (ShipmentStatus.READY_TO_SHIP, ShipmentStatus.PICKED_UP):
        for status in ShipmentStatus:
            yield from messages.derive_shipment_messages(shipment(before), shipment(status))
    ending = voucher(valid_until=NOW)
    yield from (messages.build_voucher_reminder(ending, NOW - days * DAY_MS) for days in (1, 7))
    for change in ((voucher(), voucher(redeemed_at=NOW)), (voucher(redeemed_at=NOW), voucher())):
        yield from messages.derive_holding_messages(*change)
    yield from messages.derive_shipment_messages(shipment(), replace(shipment(), not_shipped=NotShipped(NOW, "mia")))
    # Asked by the giver: to them and to the holder.
    requested = refund_request(asked_by="alice")
    for decided in (RefundRequestState.APPROVED, RefundRequestState.REFUNDING, RefundRequestState.REJECTED):
        yield from messages.derive_refund_request_messages(requested, replace(requested, state=decided), at=NOW)
    approved = replace(requested, state=RefundRequestState.APPROVED)
    withdrawn = replace(requested, state=RefundRequestState.WITHDRAWN)
    yield from messages.derive_refund_request_messages(approved, withdrawn, at=NOW)
    for quantity in (1, 2):
        repaid = refund(quantity=quantity)
        yield from messages.derive_refund_messages(replace(repaid, status=RefundStatus.PENDING), repaid, at=NOW)


def leaves(text: Text) -> Iterator[str]:
    if isinstance(text, Select):
        for each in text.texts.values():
            yield from leaves(each)
    else:
        yield text


def pattern(text: str) -> re.Pattern[str]:
    """Return a pattern that matches what is rendered from a text."""
    return re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(text)), re.DOTALL)


def test_every_language_has_a_text_for_every_kind_and_every_reason() -> None:
    assert len(LANGUAGES) > 1
    assert PARAMS.keys() == {*MessageKind} == {message.kind for message in every_message()}
    assert PLURALS.keys() == TEXTS.keys()
    for language in LANGUAGES:
        assert TEXTS[language].keys() == {*MessageKind, *Reason}


def test_a_message_has_the_params_of_its_kind_and_no_others() -> None:
    for message in every_message():
        params = message.params
        given = {name for name in params.__dataclass_fields__ if getattr(params, name) is not None}
        given |= {"name"} if message.named_user_id else NULL_TOO.get(message.kind, set())
        assert given == {*PARAMS[message.kind]}
        assert [*message.values()] == [*PARAMS[message.kind]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_a_message_is_used(language: str) -> None:
    wanted = {text for kind in MessageKind for text in leaves(TEXTS[language][kind])}
    used = set()
    for message in every_message():
        for each in [message] if message.named_user_id is None else [message.named(NAME), message.named(None)]:
            read = render(each.kind, each.values(), language)
            (text,) = [read] if read in wanted else (text for text in wanted if pattern(text).fullmatch(read))
            assert (NAME in read) is ("{name}" in text) is (each.params.name is not None)
            used.add(text)
    assert used == wanted


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", Reason)
def test_a_reason_renders_any_name_unchanged(language: str, reason: Reason) -> None:
    names = NAMES_OF_REASON.get(reason, [])
    text = render(reason, dict.fromkeys(names, NAME), language)
    assert text.count(NAME) == len(names)
    assert "{" not in text.replace(NAME, "")


@pytest.mark.parametrize(
    ("language", "kind", "params", "text"),
    [
        (
            "en",
            "gift_returned",
            {"units": 0},
            "Your gift wasn't opened in time. 0 units are back in your order.",
        ),
        (
            "en",
            "gift_returned",
            {"units": 21},
            "Your gift wasn't opened in time. 21 units are back in your order.",
        ),
        ("zh", "gift_returned", {"units": 1}, "你的礼物超时未领取，1 件已退回订单。"),
        *(
            (
                "en",
                "gift_reminder",
                {"name": None, "presentation": "parcel", "hours": hours},
                f"You have {left} left to open your parcel.",
            )
            for hours, left in ((1, "1 hour"), (47, "47 hours"), (48, "2 days"), (71, "2 days"), (150, "6 days"))
        ),
        (
            "zh",
            "gift_reminder",
            {"name": "Alice", "presentation": "red_envelope", "hours": 47},
            "Alice 送你的红包还有 47 小时过期，记得领取。",
        ),
        (
            "zh",
            "gift_reminder",
            {"name": "Alice", "presentation": "red_envelope", "hours": 150},
            "Alice 送你的红包还有 6 天过期，记得领取。",
        ),
        ("zh", "gift_received", {"name": "Alice", "presentation": "parcel"}, "Alice 送了你一个包裹。"),
        ("en", "gift_claimed", {"name": None}, "Someone opened your gift."),
        ("zh", "gift_claimed", {"name": None}, "有人领取了你的礼物。"),
        ("zh", "also", {"title": "Tea"}, "喜欢“Tea”的人也喜欢"),
        ("en", "shopped", {"store": "Teas"}, "From Teas, where you've shopped before"),
        ("en", "store", {"store": "Teas"}, "From Teas, where you found something you like"),
        ("en", "also", {"title": "Tea"}, "People who liked Tea also liked this"),
        ("en", "offered", {"store": "Teas"}, "Discover something new from Teas"),
        ("en", "popular", {}, "Popular right now"),
        ("en", "viewed", {}, "You viewed this recently"),
        ("en", "tagged", {}, "You saved this"),
        ("en", "bought", {}, "You bought this before"),
    ],
)
def test_a_rendered_text(language: str, kind: str, params: texts.Params, text: str) -> None:
    assert render(kind, params, language) == text
