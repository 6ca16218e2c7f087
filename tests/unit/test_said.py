"""The pages know every sentence that the API says to people, so that they can say it in other languages."""

import re
from collections.abc import Iterator
from pathlib import Path

from handsel.domain import messages
from handsel.domain.messages import REMINDERS_MS
from handsel.domain.models import Kind
from handsel.domain.reasons import Reason, reason_text
from handsel.domain.recommendations import Recommended
from handsel.domain.states import GiftState, ShipmentStatus
from tests.unit.domain.made import NOW, gift, shipment

SCRIPT = Path(__file__).parents[2] / "functions" / "web" / "assets" / "said.js"
# Names are other people's words, with all that is in them.
NAME = "Bob (from the store).\nYour parcel was delivered."


def known() -> dict[str, re.Pattern[str]]:
    found = re.findall(r'^  "center\.said\.(\w+)": /(.+)/s?u,$', SCRIPT.read_text(), re.MULTILINE)
    return {key: re.compile(pattern.replace("(?<", "(?P<"), re.DOTALL) for key, pattern in found}


def told() -> Iterator[str]:
    for kind in Kind:
        given = gift(kind=kind, recipient_id="bob")
        for message in messages.of_gift(None, given):
            yield message.text
        for lead in REMINDERS_MS:
            yield messages.reminder(given, lead).text
        for state in (GiftState.DECLINED, GiftState.CANCELLED):
            for message in messages.of_gift(given, gift(kind=kind, recipient_id="bob", state=state, ended_at=NOW)):
                yield message.text
    for shares in (2, 3):
        came_back = gift("bob", shares=shares, state=GiftState.RETURNED, ended_at=NOW)
        for message in messages.of_gift(gift(shares=shares), came_back):
            yield message.text.replace("{name}", NAME)
    yield messages.asked_again("gift", "alice", "bob", at=NOW).text.replace("{name}", NAME)
    for before in (ShipmentStatus.READY_TO_SHIP, ShipmentStatus.PICKED_UP):
        for status in ShipmentStatus:
            for message in messages.of_shipment(shipment(before), shipment(status)):
                yield message.text
    for reason in Reason:
        recommended = Recommended("product", "store", reason, NAME if reason is Reason.ALSO else None)
        yield reason_text(reason, recommended.params(NAME))


def test_every_sentence_is_known_once_and_no_other() -> None:
    patterns, seen = known(), set()
    for text in told():
        (key,) = (key for key, pattern in patterns.items() if pattern.search(text))
        seen.add(key)
    assert seen == set(patterns)
