"""View of the timeline of a gift."""

from typing import Self

from handsel.api.views.base import Timestamp, View
from handsel.domain.times import format_timestamp
from handsel.use_cases.gifts.timelines import Entry, Timeline, TimelineKind


class TimelineEntryView(View):
    """Something that happened to a gift.

    Attributes:
        kind: what happened.
        at: the time at which it happened.
        display_name: the display name of the claimer whom it is about, empty if it is unknown; else null.
        message: the words of `thanked`; null for other kinds, and if their author has left.
        gift_id: the ID of the gift of `return_gift`; null for other kinds.
    """

    kind: TimelineKind
    at: Timestamp
    display_name: str | None
    message: str | None
    gift_id: str | None

    @classmethod
    def of(cls, entry: Entry, names: dict[str, str]) -> Self:
        """Return the view of an entry.

        Args:
            names: display names by user id.
        """
        return cls(
            kind=entry.kind,
            at=format_timestamp(entry.at),
            display_name=None if entry.user_id is None else names.get(entry.user_id, ""),
            message=entry.message,
            gift_id=entry.gift_id,
        )


class TimelineView(View):
    """The timeline of a gift: what happened to it, as the caller may see it.

    Attributes:
        items: in time order, the earliest first.
    """

    items: list[TimelineEntryView]

    @classmethod
    def of(cls, timeline: Timeline) -> Self:
        """Return the view of a timeline."""
        return cls(items=[TimelineEntryView.of(entry, timeline.names) for entry in timeline.entries])
