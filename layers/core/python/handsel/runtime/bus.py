"""The way of domain events out of here."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from handsel.domain.events import Event, to_envelope

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "handsel"
_AT_ONCE = 10  # the most entries of one PutEvents


class Bus:
    """One EventBridge bus behind a low-level client."""

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def publish(self, events: Sequence[Event]) -> set[int]:
        """Puts events on the bus; answers the numbers of those that it did not take.

        Raises what botocore does where the bus does not answer: then some of them may be on it.
        """
        lost: set[int] = set()
        for start in range(0, len(events), _AT_ONCE):
            entries: Any = [self._entry(event) for event in events[start : start + _AT_ONCE]]
            answer = self._client.put_events(Entries=entries)
            # One that fails does not make the call fail: it has to be looked for.
            if answer["FailedEntryCount"]:
                lost |= {start + place for place, entry in enumerate(answer["Entries"]) if "ErrorCode" in entry}
        return lost

    def _entry(self, event: Event) -> dict[str, str]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.type,
            "Detail": json.dumps(to_envelope(event), separators=(",", ":")),
        }
