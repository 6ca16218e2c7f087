"""Gifts: give, list, cancel, decline and request again; change the link, the recipient and the end; remind the recipient."""

from typing import Literal, TypeVar

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, empty_response, handler, json_response
from handsel.api.operations import PageOf, operation
from handsel.api.requests.base import ListQuery
from handsel.api.requests.gifts import (
    AskAgainRequest,
    AtEndRequest,
    ExtendRequest,
    GiftListQuery,
    GiftRequest,
    OpenedRequest,
    RecipientRequest,
    ReportRequest,
)
from handsel.api.requests.thanks import ThanksRequest
from handsel.api.views.base import View
from handsel.api.views.gift_previews import ScheduledGift
from handsel.api.views.gifts import (
    CreatedGift,
    GiftView,
    GiverGift,
    LinkView,
    NamedGift,
    NamedReturnGift,
    ThanksView,
    gift_view,
)
from handsel.api.views.timelines import TimelineView
from handsel.domain import errors
from handsel.domain.models import Gift, Page
from handsel.runtime import clock
from handsel.runtime.observability import count
from handsel.runtime.settings import settings
from handsel.runtime.wiring import content_checker, table
from handsel.use_cases import queries
from handsel.use_cases.gifts import giving, opening, regift_requests, thanking, timelines

app = create_app()

# The problems of what requires a gift that is open, or scheduled.
_NOT_OPEN = (errors.AlreadyClaimed, errors.Expired, errors.Cancelled, errors.Declined)


_Body = TypeVar("_Body", AtEndRequest, RecipientRequest, ExtendRequest)


class AskedView(View):
    """Confirmation that the request was accepted; the giver is notified.

    Attributes:
        asked: always true.
    """

    asked: Literal[True] = True


class ReportedView(View):
    """Confirmation that the report was accepted.

    Attributes:
        reported: always true.
    """

    reported: Literal[True] = True


@app.post("/orders/<order_id>/gifts")
@operation(
    body=GiftRequest,
    responses={201: CreatedGift},
    problems=(
        errors.NotAvailableYet,
        errors.UnitsNotAvailable,
        errors.NotGiftable,
        errors.UnknownWrapping,
        errors.RecipientUnknown,
        errors.SelfGift,
        errors.NotAllowed,
        errors.TooManyGifts,
        errors.TooManyOpenGifts,
        errors.MessageRefused,
        errors.WrongSecret,
    ),
    idempotent=True,
)
def create_gift(order_id: str) -> Response[str]:
    """Give units of an order.

    With `recipient_id`, only that user can claim the gift. Without it, anyone with the share link can claim one share:
    the fragment of `share_url` is a secret, which `secret` contains too. Only this operation returns the secret; a replay
    returns it again. `secret` is null if the gift has a `recipient_id`. With `send_at`, the gift is `scheduled` and opens at that
    time; before, everybody but the giver sees only `state` and `opens_at`. If the operator has removed the key of the link
    because it leaked, a replay gets the problem `wrong-secret`: make a new link.
    """
    request = HttpRequest(app)
    call, body, keys = request.call, request.body(GiftRequest), request.link_keys
    gift = giving.give(
        table(),
        call,
        order_id=order_id,
        shares=body.shares,
        recipient_id=body.recipient_id,
        wrapping=body.wrapping.choice(),
        secret_version=keys.current,
        window_ms=settings().window_ms,
        at_end=None if body.at_end is None else body.at_end.value(clock.voucher_code()),
        checker=content_checker(),
        send_at=body.send_at,
    )
    count("GiftGiven")
    secret = giving.derive_link_secret(gift, keys.by_version)
    # A replay may come after the first claims; the response then contains the claimers' names.
    (details,) = queries.load_gift_details(table(), [gift], caller=call.caller)
    return json_response(
        201, CreatedGift.from_details(details, now=request.now, web_url=request.web_url, secret=secret)
    )


@app.get("/orders/<order_id>/gifts")
@operation(query=ListQuery, responses={200: PageOf(GiverGift)})
def list_order_gifts(order_id: str) -> Response[str]:
    """List the gifts of an order, newest first."""
    request = HttpRequest(app)
    caller, query = request.caller, request.query(ListQuery)
    scope = f"gifts of {order_id}"
    page = queries.list_order_gifts(
        table(),
        order_id,
        caller=caller.user_id,
        limit=query.limit,
        before=request.start_position(query.cursor, scope),
    )
    return _page_response(request, page, scope)


@app.get("/gifts")
@operation(query=GiftListQuery, responses={200: PageOf(GiftView)})
def list_gifts() -> Response[str]:
    """List the gifts that the caller sent or received, newest first.

    Scheduled gifts are sorted by `opens_at`, so those that have not opened come first. A received gift is in the list once it has
    opened.
    """
    request = HttpRequest(app)
    caller, query = request.caller, request.query(GiftListQuery)
    scope = f"gifts {query.role} {query.state}"
    page = queries.list_gifts(
        table(),
        caller=caller.user_id,
        role=query.role,
        state=query.state,
        limit=query.limit,
        before=request.start_position(query.cursor, scope),
        now=request.now,
    )
    return _page_response(request, page, scope)


def _page_response(request: HttpRequest, page: Page[Gift], scope: str) -> Response[str]:
    caller = request.caller.user_id
    views = [
        gift_view(details, caller=caller, now=request.now, web_url=request.web_url)
        for details in queries.load_gift_details(table(), page.items, caller=caller)
    ]
    return request.page_response(views, page.next_position, scope)


@app.get("/gifts/<gift_id>")
@operation(responses={200: GiftView})
def get_gift(gift_id: str) -> Response[str]:
    """Get a gift, with the fields that the caller may see.

    The giver, a claimer and the named recipient each see different fields. Everyone else gets the preview.
    """
    request = HttpRequest(app)
    details = queries.get_gift(table(), gift_id, caller=request.caller.user_id, now=request.now)
    view = gift_view(details, caller=request.caller.user_id, now=request.now, web_url=request.web_url)
    return json_response(200, view)


@app.put("/gifts/<gift_id>/at-end")
@operation(
    body=AtEndRequest,
    responses={200: GiverGift},
    problems=(
        *_NOT_OPEN,
        errors.NotAllowed,
        errors.NotGiftable,
        errors.RecipientUnknown,
        errors.MessageRefused,
        errors.SelfGift,
        errors.TooManyGifts,
    ),
)
def set_gift_end(gift_id: str) -> Response[str]:
    """Set what happens when the claim window of a gift ends.

    The giver can change it while the gift is scheduled or open. With `give_to`, a new gift to the second person exists from
    `expires_at` on, with a claim window of its own. If the gift is cancelled or declined, its units always become available
    in the order again. Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    caller = request.caller.user_id
    body = _read_giver_body(request, AtEndRequest, gift_id)
    gift = giving.set_at_end(
        table(),
        gift_id,
        body.value(clock.voucher_code()),
        caller=caller,
        window_ms=settings().window_ms,
        clock=clock.now_ms,
    )
    return _gift_response(request, gift)


@app.post("/gifts/<gift_id>/link")
@operation(
    responses={200: LinkView},
    problems=(
        errors.AlreadyNamed,
        *_NOT_OPEN,
        errors.WrongSecret,
        errors.IdempotencyKeyReused,
    ),
    idempotent=True,
)
def create_gift_link(gift_id: str) -> Response[str]:
    """Make a new share link of a gift.

    For a giver who lost the link, or sent it to the wrong person. The earlier link stops working at once: its secret gets the
    problem `wrong-secret`. A replay returns the present link, and makes no other one.
    """
    from handsel.use_cases.gifts import changing  # imported here, because most gifts are not changed

    request = HttpRequest(app)
    call, keys = request.call_without_body, request.link_keys
    gift = changing.make_link(table(), call, gift_id, secret_version=keys.current, clock=clock.now_ms)
    count("GiftLinkRenewed")
    secret = giving.derive_link_secret(gift, keys.by_version)
    return json_response(200, LinkView.of(gift, web_url=request.web_url, secret=secret))


@app.put("/gifts/<gift_id>/recipient")
@operation(
    body=RecipientRequest,
    responses={200: GiverGift},
    problems=(
        *_NOT_OPEN,
        errors.RecipientUnknown,
        errors.SelfGift,
        errors.TooManyChanges,
        errors.TooManyGifts,
        errors.MessageRefused,
    ),
)
def set_gift_recipient(gift_id: str) -> Response[str]:
    """Name another recipient of a gift of one share, or the first one of a gift with a link.

    The link stops working, or the earlier recipient sees the gift as cancelled and gets a message. The new one gets a message,
    too. The claim window does not change. The recipient of a gift can be changed three times. Idempotent: repeating the request
    has no further effect.
    """
    from handsel.use_cases.gifts import changing  # imported here, because most gifts are not changed

    request = HttpRequest(app)
    caller = request.caller.user_id
    body = _read_giver_body(request, RecipientRequest, gift_id)
    gift = changing.change_recipient(table(), gift_id, body.recipient_id, caller=caller, clock=clock.now_ms)
    return _changed_response(request, gift, "GiftRecipientChanged")


@app.post("/gifts/<gift_id>/extend")
@operation(
    body=ExtendRequest,
    responses={200: GiverGift},
    problems=(
        errors.NotExtendable,
        *_NOT_OPEN,
    ),
)
def extend_gift(gift_id: str) -> Response[str]:
    """Extend the claim window of a gift.

    The policy of its order limits all extensions of a gift together (`extend`, `gift_seconds`), and the window never ends after
    the validity of its vouchers.
    Each request extends it once more.
    """
    from handsel.use_cases.gifts import changing  # imported here, because most gifts are not changed

    request = HttpRequest(app)
    caller = request.caller.user_id
    body = _read_giver_body(request, ExtendRequest, gift_id)
    gift = changing.extend(table(), gift_id, body.seconds, caller=caller, clock=clock.now_ms)
    return _changed_response(request, gift, "GiftExtended")


@app.post("/gifts/<gift_id>/remind")
@operation(
    responses={202: GiverGift},
    problems=(
        errors.NotNamed,
        errors.NotYet,
        *_NOT_OPEN,
        errors.TooManyReminders,
    ),
)
def remind_gift_recipient(gift_id: str) -> Response[str]:
    """Remind the named recipient of a gift.

    They get a message. A gift allows two reminders, the second one at least six hours after the first.
    """
    from handsel.use_cases.gifts import changing  # imported here, because most gifts are not changed

    request = HttpRequest(app)
    gift = changing.remind(table(), gift_id, caller=request.caller.user_id, clock=clock.now_ms)
    return _changed_response(request, gift, "GiftReminded", status=202)


@app.post("/gifts/<gift_id>/cancel")
@operation(
    responses={200: GiverGift}, problems=(errors.NotAllowed, errors.AlreadyClaimed, errors.Expired, errors.Declined)
)
def cancel_gift(gift_id: str) -> Response[str]:
    """Cancel a gift.

    Its unclaimed units become available in the order again. The policy of its order can rule this out (`giver_cancel`).
    Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    gift = giving.cancel(table(), gift_id, caller=request.caller.user_id, clock=clock.now_ms)
    return _ended_response(request, gift)


@app.post("/gifts/<gift_id>/decline")
@operation(
    responses={200: NamedGift | NamedReturnGift | ScheduledGift},
    problems=(
        errors.NotTheRecipient,
        errors.NotAllowed,
        errors.NotYet,
        errors.AlreadyClaimed,
        errors.Expired,
        errors.Cancelled,
    ),
)
def decline_gift(gift_id: str) -> Response[str]:
    """Decline a gift that names the caller as its recipient.

    The units become available in the giver's order again. The policy of its order can rule this out (`decline`).
    Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    gift = giving.decline(table(), gift_id, caller=request.caller.user_id, clock=clock.now_ms)
    return _ended_response(request, gift)


@app.post("/gifts/<gift_id>/ask-again")
@operation(
    body=AskAgainRequest,
    body_required=False,
    responses={202: AskedView},
    problems=(
        errors.OwnGift,
        errors.WrongSecret,
        errors.NotTheRecipient,
        errors.NotYet,
        errors.StillOpen,
        errors.AlreadyClaimed,
        errors.Cancelled,
        errors.Declined,
    ),
)
def request_gift_again(gift_id: str) -> Response[str]:
    """Ask the giver to give an expired gift again.

    The giver gets one message for each user who asks. Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    caller, secret = request.caller.user_id, _read_secret(request, AskAgainRequest, gift_id)
    keys = request.link_keys.by_version
    regift_requests.request_regift(table(), gift_id, caller=caller, secret=secret, link_keys=keys, now=request.now)
    return json_response(202, AskedView())


@app.post("/gifts/<gift_id>/report")
@operation(
    body=ReportRequest,
    responses={202: ReportedView},
    problems=(errors.OwnGift, errors.WrongSecret, errors.NotTheRecipient),
)
def report_gift(gift_id: str) -> Response[str]:
    """Report a gift to the operator.

    Everybody who may see the gift can do this, in any of its states: the named recipient, earlier ones, claimers, and users with
    the link. The giver is not notified. Idempotent: only the first report of a user about a gift counts.
    """
    request = HttpRequest(app)
    caller = request.caller
    body = request.body(ReportRequest, unless=lambda: queries.require_gift(table(), gift_id, now=request.now))
    from handsel.use_cases.gifts import reporting  # imported here, because gifts are rarely reported

    is_first = reporting.report(
        table(),
        gift_id,
        body.reason,
        caller=caller.user_id,
        secret=body.secret,
        link_keys=request.link_keys.by_version,
        now=request.now,
    )
    if is_first:
        count("GiftReported")
    return json_response(202, ReportedView())


@app.post("/gifts/<gift_id>/opened")
@operation(
    body=OpenedRequest,
    body_required=False,
    responses={204: None},
    problems=(
        errors.OwnGift,
        errors.WrongSecret,
        errors.NotTheRecipient,
        errors.NotYet,
        *_NOT_OPEN,
    ),
)
def mark_gift_opened(gift_id: str) -> Response[str]:
    """Tell the giver that the caller opened a gift.

    Anyone who can claim the gift can do this; it claims nothing. The giver gets one message for each gift, without a name. If the
    caller switched that off (`tell_opened` of `PATCH /me`), nothing is stored. Idempotent: repeating the request has no further
    effect. Neither has a request of a claimer.
    """
    request = HttpRequest(app)
    caller, secret = request.caller.user_id, _read_secret(request, OpenedRequest, gift_id)
    keys = request.link_keys.by_version
    opening.open_gift(table(), gift_id, caller=caller, secret=secret, link_keys=keys, clock=clock.now_ms)
    return empty_response(204)


@app.post("/gifts/<gift_id>/thanks")
@operation(
    body=ThanksRequest,
    responses={201: ThanksView},
    problems=(errors.NotClaimed, errors.AlreadyThanked, errors.MessageRefused),
    idempotent=True,
)
def thank_giver(gift_id: str) -> Response[str]:
    """Thank the giver of a gift that the caller claimed.

    Each claimer can do this once, in any state of the gift and of the holding. The giver gets a message and sees the words; other
    claimers do not.
    """
    request = HttpRequest(app)
    call = request.call
    body = request.body(ThanksRequest, unless=lambda: thanking.require_claimed(table(), gift_id, caller=call.caller))
    thanks = thanking.thank(table(), call, gift_id=gift_id, message=body.message, checker=content_checker())
    count("GiftThanked")
    return json_response(201, ThanksView.of(thanks))


@app.get("/gifts/<gift_id>/timeline")
@operation(responses={200: TimelineView})
def get_gift_timeline(gift_id: str) -> Response[str]:
    """Get what happened to a gift, in time order.

    The giver and the claimers each see what concerns them: a claimer sees neither the thanks nor the return gifts of others.
    For everyone else, the gift does not exist.
    """
    request = HttpRequest(app)
    found = timelines.get_timeline(table(), gift_id, caller=request.caller.user_id, now=request.now)
    return json_response(200, TimelineView.of(found))


def _read_giver_body(request: HttpRequest, model: type[_Body], gift_id: str) -> _Body:
    """Return the body of a request of the giver. To other users, the gift does not exist, also if the body is wrong."""
    caller = request.caller.user_id
    return request.body(model, unless=lambda: giving.require_sent(table(), gift_id, caller=caller, now=request.now))


def _read_secret(request: HttpRequest, model: type[AskAgainRequest | OpenedRequest], gift_id: str) -> str | None:
    """Return the secret in the body of a request, if there is one."""
    if not request.has_body:
        return None
    return request.body(model, unless=lambda: queries.require_gift(table(), gift_id, now=request.now)).secret


def _ended_response(request: HttpRequest, gift: Gift) -> Response[str]:
    return _changed_response(request, gift, f"Gift{gift.state.title()}")


def _changed_response(request: HttpRequest, gift: Gift, metric: str, *, status: int = 200) -> Response[str]:
    count(metric)
    return _gift_response(request, gift, status=status)


def _gift_response(request: HttpRequest, gift: Gift, *, status: int = 200) -> Response[str]:
    caller = request.caller.user_id
    (details,) = queries.load_gift_details(table(), [gift], caller=caller)
    return json_response(status, gift_view(details, caller=caller, now=request.now, web_url=request.web_url))


lambda_handler = handler(app)
