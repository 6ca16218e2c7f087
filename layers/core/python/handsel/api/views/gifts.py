"""Views of gifts, as the caller may see them."""

from typing import Any, Self

from handsel.api.views.base import Count, RefusalView, Timestamp, Url, View, optional_timestamp
from handsel.api.views.gift_previews import GiftPreview, ScheduledGift, preview_fields, scheduled_view
from handsel.api.views.holdings import AnyHolding, holding_view
from handsel.api.views.products import ProductView
from handsel.domain import ids, models, states
from handsel.domain.giver_rules import list_giver_actions
from handsel.domain.privacy import Fact, Viewer, classify_viewer, may_see, product_fact, store_fact
from handsel.domain.rules import list_giver_refusals, may_payer_ask
from handsel.domain.times import format_timestamp
from handsel.runtime import policies
from handsel.use_cases.queries import GiftDetails


class ThanksView(View):
    """Words of thanks to the giver.

    Attributes:
        message: the words; null if their author has left.
        at: the time at which they were written.
    """

    message: str | None
    at: Timestamp

    @classmethod
    def of(cls, thanks: models.Thanks) -> Self:
        """Return the view of thanks."""
        return cls(message=thanks.message, at=format_timestamp(thanks.at))


class ClaimView(View):
    """A claim of one share.

    Attributes:
        display_name: the display name of the claimer; empty if it is unknown.
        claimed_at: the time of the claim.
        thanks: the thanks of the claimer; null if there are none, or if they are those of another claimer.
    """

    display_name: str
    claimed_at: Timestamp
    thanks: ThanksView | None


class ParcelClaimView(ClaimView):
    """A claim of a parcel, as the giver sees it: with the status of the shipment, without its address.

    Attributes:
        shipment_status: the status of the claimer's shipment.
    """

    shipment_status: states.ShipmentStatus


class RefundableClaimView(ClaimView):
    """A claim of a voucher whose refund the giver may request, by the policy of the gift.

    Attributes:
        holding_id: the ID with which the giver can ask for a refund.
    """

    holding_id: str


class RefundableParcelClaimView(ParcelClaimView):
    """A claim of a parcel whose refund the giver may request, by the policy of the gift.

    Attributes:
        holding_id: the ID with which the giver can ask for a refund.
    """

    holding_id: str


class NamedGift(GiftPreview):
    """A gift, as its named recipient sees it before claiming if its product is not shown.

    Attributes:
        giver_id: the ID with which the caller can block the giver.
    """

    giver_id: str


class NamedReturnGift(NamedGift):
    """A return gift, as its named recipient sees it before claiming if its product is not shown.

    Attributes:
        in_return_for: the ID of the caller's gift that this gift is given in return for.
    """

    in_return_for: str


class RecipientGift(NamedGift):
    """A voucher gift, as its named recipient sees it before claiming.

    Attributes:
        title: the name of the product.
        store_name: the name of the store that sells the product.
    """

    title: str
    store_name: str


class RecipientReturnGift(RecipientGift):
    """A return gift of a voucher, as its named recipient sees it before claiming.

    Attributes:
        in_return_for: the ID of the caller's gift that this gift is given in return for.
    """

    in_return_for: str


class ClaimerGift(GiftPreview):
    """A gift, as a claimer sees it.

    Attributes:
        holding: the voucher or parcel that the caller received.
        claims: all claims of the gift, oldest first.
        giver_id: the ID with which the caller can block the giver.
        in_return_for: the ID of the caller's gift that this gift is given in return for; null if it is not a return gift.
    """

    store_id: str
    giver_id: str
    holding: AnyHolding
    claims: list[ClaimView]
    in_return_for: str | None


class AskerView(View):
    """A user who asks the giver to give an expired gift again.

    Attributes:
        user_id: the ID with which the giver can name the user as a recipient.
        display_name: the display name of the user.
        handle: the unique name by which the user can be found; null if they have not chosen one.
        at: the time at which they asked.
    """

    user_id: str
    display_name: str
    handle: str | None
    at: Timestamp


class AtEndView(View):
    """The end of a claim window: what happens to the unclaimed units then.

    Attributes:
        then: `order`: they become available in the order again. `refund`: they are refunded. `give_to`: they become a new
            gift to the person that `recipient_id` names.
    """

    then: states.EndAction


class GiveToView(AtEndView):
    """An end at which the gift is passed on.

    Attributes:
        recipient_id: `user_id` of the second person.
    """

    recipient_id: str


class GiverGift(GiftPreview):
    """A gift, as its giver sees it.

    Attributes:
        order_id: the ID of the order that the units come from.
        product: the product, as it was bought.
        recipient_id: `user_id` of the only user who can claim the gift; null if anyone with the share link can.
        created_at: the time at which the gift was created.
        opens_at: the time at which the gift opens, if it was scheduled; else null.
        claims: all claims of the gift, oldest first.
        in_return_for: the ID of the gift that this gift is given in return for; null if it is not a return gift.
        at_end: what happens if the claim window ends before all shares are claimed.
        successor_gift_id: the ID of the new gift to the second person, from the end of the claim window on; else null.
        opened_at: the time at which the gift was opened, a gift to a group for the first time; null if it was not, or only by
            users who do not tell givers.
        opened_count: the number of users who opened it, of those who tell givers: at most 1 if it has one share.
        asked_again: the users who ask for the gift again, the latest first, at most 100; empty if it has not expired. In
            lists, null if it has.
        refusals: the actions of the giver that the rules do not allow now.
        link_version: a number that changes with every new link; null if the gift names a recipient.
        reminded_at: the times at which the giver reminded the recipient.
        actions: what the giver can do with the gift now.
    """

    order_id: str
    product: ProductView
    recipient_id: str | None
    created_at: Timestamp
    opens_at: Timestamp | None
    claims: list[ClaimView | ParcelClaimView | RefundableClaimView | RefundableParcelClaimView]
    in_return_for: str | None
    at_end: AtEndView | GiveToView
    successor_gift_id: str | None
    opened_at: Timestamp | None
    opened_count: Count
    asked_again: list[AskerView] | None
    refusals: list[RefusalView]
    link_version: Count | None
    reminded_at: list[Timestamp]
    actions: list[states.GiverAction]


class CreatedGift(GiverGift):
    """A new gift, as its giver sees it, with the share link.

    Attributes:
        share_url: the link to send to the claimers. Its fragment is the `secret`, if there is one.
        secret: the secret that claims require; null if the gift names a recipient, who can claim without it.
    """

    share_url: Url
    secret: str | None

    @classmethod
    def from_details(cls, details: GiftDetails, *, now: int, web_url: str, secret: str | None) -> Self:
        """Return the view of a new gift.

        Args:
            details: the gift; a replay may find it with claims.
            now: milliseconds since the epoch.
            web_url: the origin of the share link and of images.
            secret: the secret of the share link; None if the gift has a named recipient.
        """
        share_url = _share_url(details.gift, web_url, secret)
        return cls(**_gift_fields(details, Viewer.GIVER, now, web_url), share_url=share_url, secret=secret)


class LinkView(View):
    """The share link of a gift.

    Attributes:
        share_url: the link to send to the claimers. Its fragment is the `secret`, if there is one.
        secret: the secret that claims require; null in a replay, if the gift names a recipient by now.
        link_version: a number that changes with every new link, as in the view of the gift.
    """

    share_url: Url
    secret: str | None
    link_version: Count | None

    @classmethod
    def of(cls, gift: models.Gift, *, web_url: str, secret: str | None) -> Self:
        """Return the view of a gift's link."""
        return cls(share_url=_share_url(gift, web_url, secret), secret=secret, link_version=_link_version(gift))


def _share_url(gift: models.Gift, web_url: str, secret: str | None) -> str:
    fragment = "" if secret is None else f"#{secret}"
    return f"{web_url}/g/{gift.gift_id}{fragment}"


def _link_version(gift: models.Gift) -> int | None:
    return gift.link_version if gift.recipient_id is None else None


def _claims(details: GiftDetails, viewer: Viewer) -> list[ClaimView]:
    views = []
    asks = may_payer_ask(policies.find(details.gift.policy))
    shows_holdings = may_see(viewer, Fact.CLAIMED_HOLDING, shown=asks)
    for claimer, claim in sorted(details.gift.claims.items(), key=lambda entry: (entry[1].at, entry[0])):
        thanks = claim.thanks if may_see(viewer, Fact.THANKS, own=claimer == details.caller) else None
        view = ClaimView(
            display_name=details.names.get(claimer, ""),
            claimed_at=format_timestamp(claim.at),
            thanks=None if thanks is None else ThanksView.of(thanks),
        )
        shipment = details.shipments.get(ids.derive_shipment_id(claim.holding_id))
        refundable = {"holding_id": claim.holding_id} if shows_holdings else {}
        if shipment is not None and may_see(viewer, Fact.LOGISTICS_STATUS):
            parcel_view = RefundableParcelClaimView if shows_holdings else ParcelClaimView
            view = parcel_view(**dict(view), shipment_status=shipment.status, **refundable)
        elif shows_holdings:
            view = RefundableClaimView(**dict(view), **refundable)
        views.append(view)
    return views


def _askers(details: GiftDetails, now: int) -> list[AskerView] | None:
    if details.gift.state_at(now) is not states.GiftState.RETURNED:
        return []
    if details.askers is None:
        return None
    return [
        AskerView(
            user_id=account.user_id,
            display_name=account.display_name,
            handle=account.handle,
            at=format_timestamp(at),
        )
        for account, at in details.askers
    ]


def _at_end(gift: models.Gift) -> AtEndView | GiveToView:
    if gift.at_end is None or gift.at_end.recipient_id is None:
        return AtEndView(then=gift.then)
    return GiveToView(then=gift.then, recipient_id=gift.at_end.recipient_id)


def _gift_fields(details: GiftDetails, viewer: Viewer, now: int, web_url: str) -> dict[str, Any]:
    """Return the fields of a gift that the viewer may see, without those of a single view."""
    gift = details.gift
    fields = preview_fields(gift, viewer, now, web_url)
    if may_see(viewer, Fact.CLAIMERS):
        fields["claims"] = _claims(details, viewer)
    if may_see(viewer, product_fact(gift.product.kind)) and may_see(viewer, Fact.PRICE):
        fields["product"] = ProductView.of(gift.product, policy=policies.find(gift.policy))
    if viewer is Viewer.GIVER:
        fields |= {
            "order_id": gift.order_id,
            "recipient_id": gift.recipient_id,
            "created_at": format_timestamp(gift.created_at),
            "opens_at": optional_timestamp(gift.opens_at),
            "refusals": RefusalView.list_of(list_giver_refusals(gift, policies.find(gift.policy), now=now)),
            "link_version": _link_version(gift),
            "reminded_at": [format_timestamp(at) for at in gift.reminded_at],
            "actions": list_giver_actions(gift, policies.find(gift.policy), now=now),
        }
    if may_see(viewer, Fact.IN_RETURN_FOR):
        # A recipient whom the giver named later did not give the first gift.
        is_addressee = viewer is Viewer.GIVER or not gift.former_recipients
        fields["in_return_for"] = gift.in_return_for if is_addressee else None
    if may_see(viewer, Fact.OPENED):
        fields |= {"opened_at": optional_timestamp(gift.opened_at), "opened_count": gift.opened_count}
    if may_see(viewer, Fact.ASKERS):
        fields["asked_again"] = _askers(details, now)
    if may_see(viewer, Fact.AT_END):
        fields |= {"at_end": _at_end(gift), "successor_gift_id": gift.successor_id_at(now)}
    return fields


def _shows_voucher(gift: models.Gift) -> bool:
    return "voucher_title" in policies.find(gift.policy).shown_before_claim


# The views of a gift that a caller may get.
GiftView = (
    GiverGift
    | ClaimerGift
    | RecipientReturnGift
    | RecipientGift
    | NamedReturnGift
    | NamedGift
    | GiftPreview
    | ScheduledGift
)


def gift_view(details: GiftDetails, *, caller: str, now: int, web_url: str) -> GiftView:
    """Return the view of a gift for the caller. The model for each viewer lacks the fields that they may not see."""
    gift, viewer = details.gift, classify_viewer(details.gift, caller)
    if (scheduled := scheduled_view(gift, viewer, now)) is not None:
        return scheduled
    fields = _gift_fields(details, viewer, now, web_url)
    if viewer is Viewer.GIVER:
        return GiverGift(**fields)
    if may_see(viewer, Fact.GIVER_ID, sent=gift.is_sent_at(now)):
        fields["giver_id"] = gift.giver_id
    if viewer is Viewer.CLAIMER and details.holding is not None:
        if may_see(viewer, store_fact(gift.product.kind)):
            fields["store_id"] = gift.product.store_id
        return ClaimerGift(**fields, holding=holding_view(details.holding, now=now))
    is_open_voucher = gift.product.kind is models.Kind.VOUCHER and gift.state_at(now) is states.GiftState.OPEN
    if is_open_voucher and may_see(viewer, Fact.VOUCHER_TITLE, shown=_shows_voucher(gift)):
        fields |= {"title": gift.product.title, "store_name": gift.product.store_name}
    if viewer is not Viewer.RECIPIENT:
        return GiftPreview(**fields)
    if fields.get("in_return_for") is None:
        fields.pop("in_return_for", None)
        return RecipientGift(**fields) if "title" in fields else NamedGift(**fields)
    return RecipientReturnGift(**fields) if "title" in fields else NamedReturnGift(**fields)
