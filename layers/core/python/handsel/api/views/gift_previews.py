"""View of a gift before claiming, as anyone with the link may see it."""

from typing import Any

from handsel.api.views.base import Count, Timestamp, View
from handsel.api.views.wrappings import WrappingView
from handsel.domain import models, states
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.times import format_timestamp


class GiftPreview(View):
    """A gift, as anyone with the link sees it before claiming.

    Attributes:
        state: the state of the gift now.
        presentation: how the gift is shown before it is opened.
        wrapping: the cover and text of the gift.
        giver_name: the display name of the giver when the gift was created.
        shares: the number of shares, each for one claimer.
        remaining: the number of shares that nobody has claimed.
        expires_at: the end of the claim window: from this moment on, the gift cannot be claimed.
    """

    gift_id: str
    state: states.GiftState
    presentation: models.Presentation
    wrapping: WrappingView
    giver_name: str
    shares: Count
    remaining: Count
    expires_at: Timestamp

    @classmethod
    def of(cls, gift: models.Gift, *, now: int, web_url: str) -> "GiftPreview | ScheduledGift":
        """Return the preview of a gift at the time `now`."""
        return scheduled_view(gift, Viewer.ANYONE, now) or cls(**preview_fields(gift, Viewer.ANYONE, now, web_url))


class ScheduledGift(View):
    """A gift that was scheduled and has not opened, as everybody but its giver sees it: all other fields are null.

    Attributes:
        state: `scheduled`; or the state in which it ended before it opened.
        opens_at: the time from which on the gift can be opened and claimed.
    """

    gift_id: str
    state: states.GiftState
    opens_at: Timestamp
    presentation: None = None
    wrapping: None = None
    giver_name: None = None
    shares: None = None
    remaining: None = None
    expires_at: None = None


def scheduled_view(gift: models.Gift, viewer: Viewer, now: int) -> ScheduledGift | None:
    """Return the view of a gift that has not opened, if the viewer may not see more of it; None otherwise."""
    is_hidden = not may_see(viewer, Fact.ENVELOPE, sent=gift.is_sent_at(now))
    if gift.opens_at is None or not is_hidden or not may_see(viewer, Fact.STATE):
        return None
    return ScheduledGift(gift_id=gift.gift_id, state=gift.state_at(now), opens_at=format_timestamp(gift.opens_at))


def preview_fields(gift: models.Gift, viewer: Viewer, now: int, web_url: str) -> dict[str, Any]:
    """Return the fields of a preview that the viewer may see."""
    sent = gift.is_sent_at(now)
    if not may_see(viewer, Fact.ENVELOPE, sent=sent):
        return {}
    shows_blessing = may_see(viewer, Fact.BLESSING, sent=sent, ended=gift.has_ended_at(now))
    return {
        "gift_id": gift.gift_id,
        "state": gift.state_at(now),
        "presentation": gift.product.kind.presentation,
        "wrapping": WrappingView.of(gift.wrapping, web_url, shows_blessing=shows_blessing),
        "giver_name": gift.giver_name,
        "shares": gift.shares,
        "remaining": gift.remaining,
        "expires_at": format_timestamp(gift.expires_at),
    }
