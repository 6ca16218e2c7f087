"""Write the file of an export: JSON lines, each a view of the API with its `type`.

A file has what its user may see, as they see it, and no secret of a link.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from pydantic import BaseModel

from handsel.api.views.accounts import ProfileView
from handsel.api.views.blocked import BlockedView
from handsel.api.views.gifts import gift_view
from handsel.api.views.holding_details import holding_details_view
from handsel.api.views.orders import OrderView, PaymentItem
from handsel.api.views.recommendations import SeenProduct
from handsel.api.views.refund_requests import RefundRequestView
from handsel.api.views.shipments import addressed_view
from handsel.domain import texts
from handsel.domain.messages import Message
from handsel.domain.models import Export, iterate
from handsel.domain.privacy import Viewer
from handsel.domain.times import format_timestamp
from handsel.runtime import clock
from handsel.runtime.wiring import export_bucket, table
from handsel.use_cases import queries
from handsel.use_cases.accounts import profiles
from handsel.use_cases.fulfilment import shipping
from handsel.use_cases.gifts import blocking
from handsel.use_cases.inbox import messaging
from handsel.use_cases.recommendations import recommending
from handsel.use_cases.refunds import listing


def write(export: Export) -> None:
    """Write the file of an export to the bucket."""
    export_bucket().put(export.object_name, "".join(build_lines(export, now=clock.now_ms())).encode())


def build_lines(export: Export, *, now: int) -> Iterator[str]:
    """Yield the lines of the file."""
    items, user_id = table(), export.user_id
    yield _line("profile", ProfileView.of(profiles.get_account(items, user_id), None))
    for order in iterate(partial(queries.list_orders, items, caller=user_id, state=None, now=now)):
        yield _line("order", OrderView.of(order, now=now))
    for payment in iterate(partial(queries.list_payments, items, caller=user_id, now=now)):
        yield _line("payment", PaymentItem.of(payment, now=now))
    for role in ("sent", "received"):
        listed = partial(queries.list_gifts, items, caller=user_id, role=role, state=None, now=now)
        for gift in iterate(listed):
            (details,) = queries.load_gift_details(items, [gift], caller=user_id)
            yield _line(f"gift_{role}", gift_view(details, caller=user_id, now=now, web_url=export.web_url))
    for found in iterate(partial(queries.list_holdings, items, caller=user_id, state=None, now=now)):
        (holding,) = queries.load_refund_requests(items, [found])
        yield _line("holding", holding_details_view(holding, now=now))
        if (shipment_id := found.holding.shipment_id) is not None:
            shipment = shipping.get_for_holder(items, shipment_id, caller=user_id, now=now)
            yield _line("shipment", addressed_view(shipment, Viewer.CLAIMER, now=now))
    for request in iterate(partial(listing.list_own, items, caller=user_id)):
        yield _line("refund_request", RefundRequestView.of(request, caller=user_id, now=now))
    for blocked in iterate(partial(blocking.list_blocked, items, user_id, now=now)):
        yield _line("blocked", BlockedView.from_account(blocked.account, blocked_at=blocked.since))
    for message in iterate(partial(messaging.list_messages, items, caller=user_id, now=now)):
        yield _message_line(message)
    for tagged in iterate(partial(recommending.list_tagged, items, user_id)):
        yield _line("tagged", SeenProduct.from_visit(tagged))
    for viewed in iterate(partial(recommending.list_viewed, items, user_id)):
        yield _line("viewed", SeenProduct.from_visit(viewed))


def _line(kind: str, view: BaseModel) -> str:
    return _dump({"type": kind, **view.model_dump(mode="json")})


def _message_line(message: Message) -> str:
    return _dump(
        {
            "type": "message",
            "message_id": message.message_id,
            "kind": message.kind,
            "gift_id": message.gift_id,
            "text": texts.render(message.kind, message.values(), "en"),
            "created_at": format_timestamp(message.created_at),
            "read": message.read,
        }
    )


def _dump(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"
