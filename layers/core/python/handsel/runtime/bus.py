"""Publish domain events to EventBridge."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from handsel.domain.events import Event, to_envelope

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "handsel"
_MAX_BATCH = 10  # the most entries of one PutEvents


class Bus:
    """One EventBridge bus behind a low-level client."""

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def publish(self, events: Sequence[Event]) -> set[int]:
        """Publish events. Return the indexes of those that the bus did not accept.

        Raises:
            BotoCoreError, ClientError: the bus is unavailable, or its response was lost. Some events may be published.
        """
        lost: set[int] = set()
        for start in range(0, len(events), _MAX_BATCH):
            entries: Any = [self._entry(event) for event in events[start : start + _MAX_BATCH]]
            response = self._client.put_events(Entries=entries)
            # The call succeeds even if entries fail.
            if response["FailedEntryCount"]:
                lost |= {start + place for place, entry in enumerate(response["Entries"]) if "ErrorCode" in entry}
        return lost

    def _entry(self, event: Event) -> dict[str, str]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.type,
            "Detail": json.dumps(to_envelope(event), separators=(",", ":")),
        }
