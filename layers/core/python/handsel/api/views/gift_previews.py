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
        state: the state of the gift now; null if the gift names its recipient, for everybody but them and its giver.
        presentation: how the gift is shown before it is opened.
        wrapping: the cover and text of the gift.
        giver_name: the display name of the giver when the gift was created. Before the claim, it is null if it imitates the
            operator, a store or another business, or contains contact data.
        shares: the number of shares, each for one claimer.
        remaining: the number of shares that nobody has claimed; null where `state` is.
        expires_at: the end of the claim window: from this moment on, the gift cannot be claimed; null where `state` is.
    """

    gift_id: str
    state: states.GiftState | None
    presentation: models.Presentation
    wrapping: WrappingView
    giver_name: str | None
    shares: Count
    remaining: Count | None
    expires_at: Timestamp | None

    @classmethod
    def of(cls, gift: models.Gift, *, now: int, web_url: str) -> "GiftPreview | ScheduledGift":
        """Return the preview of a gift at the time `now`."""
        return scheduled_view(gift, Viewer.ANYONE, now) or cls(**preview_fields(gift, Viewer.ANYONE, now, web_url))


class ScheduledGift(View):
    """A gift that was scheduled and has not opened, as everybody but its giver sees it: all other fields are null.

    Attributes:
        state: `scheduled`; or the state in which it ended before it opened, which is null if the gift names its recipient,
            for everybody but them.
        opens_at: the time from which on the gift can be opened and claimed; null where `state` is.
        presentation: null, as all of the following fields.
        wrapping: null.
        giver_name: null.
        shares: null.
        remaining: null.
        expires_at: null.
    """

    gift_id: str
    state: states.GiftState | None
    opens_at: Timestamp | None
    presentation: None = None
    wrapping: None = None
    giver_name: None = None
    shares: None = None
    remaining: None = None
    expires_at: None = None


def scheduled_view(gift: models.Gift, viewer: Viewer, now: int) -> ScheduledGift | None:
    """Return the view of a gift that has not opened, if the viewer may not see more of it; None otherwise."""
    if gift.opens_at is None or may_see(viewer, Fact.ENVELOPE, sent=gift.is_sent_at(now)):
        return None
    state = gift.state_at(now)
    fact = Fact.SCHEDULE if state is states.GiftState.SCHEDULED else Fact.STATE
    if not may_see(viewer, fact, named=gift.recipient_id is not None):
        return ScheduledGift(gift_id=gift.gift_id, state=None, opens_at=None)
    return ScheduledGift(gift_id=gift.gift_id, state=state, opens_at=format_timestamp(gift.opens_at))


def preview_fields(gift: models.Gift, viewer: Viewer, now: int, web_url: str) -> dict[str, Any]:
    """Return the fields of a preview that the viewer may see."""
    sent, named = gift.is_sent_at(now), gift.recipient_id is not None
    if not may_see(viewer, Fact.ENVELOPE, sent=sent):
        return {}
    shows_blessing = may_see(viewer, Fact.BLESSING, named=named, sent=sent, ended=gift.has_ended_at(now))
    shows_window = may_see(viewer, Fact.WINDOW, named=named, sent=sent)
    return {
        "gift_id": gift.gift_id,
        "state": gift.state_at(now) if may_see(viewer, Fact.STATE, named=named) else None,
        "presentation": gift.product.kind.presentation,
        "wrapping": WrappingView.of(gift.wrapping, web_url, shows_blessing=shows_blessing),
        "giver_name": _giver_name(gift, viewer),
        "shares": gift.shares,
        "remaining": gift.remaining if shows_window else None,
        "expires_at": format_timestamp(gift.expires_at) if shows_window else None,
    }


def _giver_name(gift: models.Gift, viewer: Viewer) -> str | None:
    if viewer in (Viewer.GIVER, Viewer.CLAIMER):
        return gift.giver_name
    from handsel.domain import content  # imported here, because givers and claimers know each other

    return content.find_shown_name(gift)
