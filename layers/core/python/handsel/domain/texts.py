"""Texts of messages and of reasons, by language. Rendered when they are read: the table stores no sentence.

A text is a string with `{param}` in it, or a `Select` of one. Only functions that return texts import this module.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handsel.domain import names

Params = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Select:
    """Alternative texts, by a param.

    A number selects by its plural category (CLDR: one, other). None and the name of an erased user select `unknown`. Any other
    value selects the text of that value, or `other` if there is none.
    """

    param: str
    texts: Mapping[str, "Text"]


Text = str | Select

# The plural category of a whole number, by language.
PLURALS: Mapping[str, Callable[[int], str]] = {
    "en": lambda number: "one" if number == 1 else "other",
    "zh": lambda _: "other",
}

# By language, then by message kind (`domain/messages.py`) or by reason code (`domain/recommendations.py`).
TEXTS: Mapping[str, Mapping[str, Text]] = {
    "en": {
        "gift_received": Select(
            "presentation",
            {
                "red_envelope": Select(
                    "name",
                    {"unknown": "Someone sent you a red envelope.", "other": "{name} sent you a red envelope."},
                ),
                "parcel": Select(
                    "name", {"unknown": "Someone sent you a parcel.", "other": "{name} sent you a parcel."}
                ),
            },
        ),
        "gift_reminder": Select(
            "presentation",
            {
                "red_envelope": Select(
                    "span",
                    {
                        "days": Select(
                            "name",
                            {
                                "unknown": "You have {days} days left to open your red envelope.",
                                "other": "You have {days} days left to open the red envelope from {name}.",
                            },
                        ),
                        "hours": Select(
                            "hours",
                            {
                                "one": Select(
                                    "name",
                                    {
                                        "unknown": "You have 1 hour left to open your red envelope.",
                                        "other": "You have 1 hour left to open the red envelope from {name}.",
                                    },
                                ),
                                "other": Select(
                                    "name",
                                    {
                                        "unknown": "You have {hours} hours left to open your red envelope.",
                                        "other": "You have {hours} hours left to open the red envelope from {name}.",
                                    },
                                ),
                            },
                        ),
                    },
                ),
                "parcel": Select(
                    "span",
                    {
                        "days": Select(
                            "name",
                            {
                                "unknown": "You have {days} days left to open your parcel.",
                                "other": "You have {days} days left to open the parcel from {name}.",
                            },
                        ),
                        "hours": Select(
                            "hours",
                            {
                                "one": Select(
                                    "name",
                                    {
                                        "unknown": "You have 1 hour left to open your parcel.",
                                        "other": "You have 1 hour left to open the parcel from {name}.",
                                    },
                                ),
                                "other": Select(
                                    "name",
                                    {
                                        "unknown": "You have {hours} hours left to open your parcel.",
                                        "other": "You have {hours} hours left to open the parcel from {name}.",
                                    },
                                ),
                            },
                        ),
                    },
                ),
            },
        ),
        "gift_cancelled": "A gift for you was cancelled.",
        "gift_opened": "Someone has seen your gift.",
        "gift_claimed": Select(
            "name",
            {
                "unknown": "Someone opened your gift.",
                "other": "{name} opened your gift.",
            },
        ),
        "gift_thanked": Select(
            "name",
            {
                "unknown": "Someone thanked you for your gift.",
                "other": "{name} thanked you for your gift.",
            },
        ),
        "gift_returned": Select(
            "units",
            {
                "one": "Your gift wasn't opened in time. 1 unit is back in your order.",
                "other": "Your gift wasn't opened in time. {units} units are back in your order.",
            },
        ),
        "gift_refunded": Select(
            "units",
            {
                "one": "Your gift wasn't opened in time. 1 unit is being refunded.",
                "other": "Your gift wasn't opened in time. {units} units are being refunded.",
            },
        ),
        "gift_passed_on": Select(
            "name",
            {
                "unknown": "Your gift wasn't opened in time. It's now a gift to the second person you chose.",
                "other": "Your gift wasn't opened in time. It's now a gift to {name}.",
            },
        ),
        "gift_declined": "Your gift was declined and is back in your order.",
        "asked_again": Select(
            "name",
            {
                "unknown": "Someone missed your gift and would love another chance.",
                "other": "{name} missed your gift and would love another chance.",
            },
        ),
        "refund_decided": Select(
            "state",
            {
                "approved": Select(
                    "holding_id",
                    {
                        "unknown": "The refund was approved. You'll get your money back once everything has been sent back.",
                        "other": "The refund was approved. Please send everything back within 14 days.",
                    },
                ),
                "refunding": "The refund was approved. The money goes back to the person who paid.",
                "rejected": "The refund request was declined.",
                "other": "The refund request was closed, because nothing was sent back in time.",
            },
        ),
        "refund_issued": Select(
            "units",
            {
                "one": "1 unit of your order was refunded.",
                "other": "{units} units of your order were refunded.",
            },
        ),
        "parcel_update": Select(
            "status",
            {
                "ready_to_ship": "Your parcel is ready to ship.",
                "picked_up": "Your parcel was picked up by the carrier.",
                "in_transit": "Your parcel is in transit.",
                "out_for_delivery": "Your parcel is out for delivery.",
                "delivered": "Your parcel was delivered.",
                "delivery_failed": "Your parcel couldn't be delivered. The carrier will try again.",
                "returning": "Your parcel is on its way back to the store.",
                "returned": "Your parcel was returned to the store.",
                "lost": "Your parcel was lost. You can ask for a refund.",
                "cancelled": "Your parcel was cancelled before shipping, because it was refunded.",
            },
        ),
        "parcel_not_shipped": Select(
            "holding_id",
            {
                "unknown": "Your store didn't ship a parcel in time: {shipment_id}.",
                "other": "The store didn't ship your parcel in time. You can ask for a refund.",
            },
        ),
        "voucher_expiring": Select(
            "days",
            {
                "one": "You have 1 day left to use your voucher.",
                "other": "You have {days} days left to use your voucher.",
            },
        ),
        "voucher_redeemed": "Your voucher was used.",
        "voucher_usable_again": "The store marked your voucher as unused. You can use it again.",
        "also": "People who liked {title} also liked this",
        "shopped": "From {store}, where you've shopped before",
        "store": "From {store}, where you found something you like",
        "popular": "Popular right now",
        "offered": "Discover something new from {store}",
        "viewed": "You viewed this recently",
        "tagged": "You saved this",
        "bought": "You bought this before",
    },
    "zh": {
        "gift_received": Select(
            "presentation",
            {
                "red_envelope": Select("name", {"unknown": "有人送了你一个红包。", "other": "{name} 送了你一个红包。"}),
                "parcel": Select("name", {"unknown": "有人送了你一个包裹。", "other": "{name} 送了你一个包裹。"}),
            },
        ),
        "gift_reminder": Select(
            "presentation",
            {
                "red_envelope": Select(
                    "span",
                    {
                        "days": Select(
                            "name",
                            {
                                "unknown": "你收到的红包还有 {days} 天过期，记得领取。",
                                "other": "{name} 送你的红包还有 {days} 天过期，记得领取。",
                            },
                        ),
                        "hours": Select(
                            "name",
                            {
                                "unknown": "你收到的红包还有 {hours} 小时过期，记得领取。",
                                "other": "{name} 送你的红包还有 {hours} 小时过期，记得领取。",
                            },
                        ),
                    },
                ),
                "parcel": Select(
                    "span",
                    {
                        "days": Select(
                            "name",
                            {
                                "unknown": "你收到的包裹还有 {days} 天过期，记得领取。",
                                "other": "{name} 送你的包裹还有 {days} 天过期，记得领取。",
                            },
                        ),
                        "hours": Select(
                            "name",
                            {
                                "unknown": "你收到的包裹还有 {hours} 小时过期，记得领取。",
                                "other": "{name} 送你的包裹还有 {hours} 小时过期，记得领取。",
                            },
                        ),
                    },
                ),
            },
        ),
        "gift_cancelled": "送给你的一份礼物已被撤回。",
        "gift_opened": "有人查看了你的礼物。",
        "gift_claimed": Select(
            "name",
            {
                "unknown": "有人领取了你的礼物。",
                "other": "{name} 领取了你的礼物。",
            },
        ),
        "gift_thanked": Select(
            "name",
            {
                "unknown": "有人感谢你送的礼物。",
                "other": "{name} 感谢你送的礼物。",
            },
        ),
        "gift_returned": "你的礼物超时未领取，{units} 件已退回订单。",
        "gift_refunded": "你的礼物超时未领取，{units} 件正在退款。",
        "gift_passed_on": Select(
            "name",
            {
                "unknown": "你的礼物超时未领取，已转送给你选的另一位好友。",
                "other": "你的礼物超时未领取，已转送给 {name}。",
            },
        ),
        "gift_declined": "对方谢绝了你的礼物，已退回订单。",
        "asked_again": Select(
            "name",
            {
                "unknown": "有人错过了你的礼物，希望你再送一次。",
                "other": "{name} 错过了你的礼物，希望你再送一次。",
            },
        ),
        "refund_decided": Select(
            "state",
            {
                "approved": Select(
                    "holding_id",
                    {
                        "unknown": "退款申请已通过，商品寄回后款项会退还给你。",
                        "other": "退款申请已通过，请在 14 天内寄回商品。",
                    },
                ),
                "refunding": "退款申请已通过，款项会退还给付款人。",
                "rejected": "退款申请未通过。",
                "other": "商品未按时寄回，退款申请已关闭。",
            },
        ),
        "refund_issued": "你的订单中有 {units} 件已退款。",
        "parcel_update": Select(
            "status",
            {
                "ready_to_ship": "你的包裹正在等待发货。",
                "picked_up": "你的包裹已揽收。",
                "in_transit": "你的包裹正在运输中。",
                "out_for_delivery": "你的包裹正在派送中。",
                "delivered": "你的包裹已签收。",
                "delivery_failed": "你的包裹派送失败，将再次派送。",
                "returning": "你的包裹正在退回商家。",
                "returned": "你的包裹已退回商家。",
                "lost": "你的包裹已丢失，可以申请退款。",
                "cancelled": "你的包裹在发货前已退款，不再发货。",
            },
        ),
        "parcel_not_shipped": Select(
            "holding_id",
            {
                "unknown": "你的店铺有包裹未按时发货：{shipment_id}。",
                "other": "商家未按时发货，你可以申请退款。",
            },
        ),
        "voucher_expiring": "你的团购券还有 {days} 天过期，记得使用。",
        "voucher_redeemed": "你的团购券已使用。",
        "voucher_usable_again": "商家撤销了使用记录，你的团购券可以再次使用。",
        "also": "喜欢“{title}”的人也喜欢",
        "shopped": "来自你买过的店铺 {store}",
        "store": "来自你喜欢的店铺 {store}",
        "popular": "近期热门",
        "offered": "来 {store} 发现好物",
        "viewed": "你最近浏览过",
        "tagged": "你收藏过",
        "bought": "你买过",
    },
}
# The pages show a longer time in days, too.
_DAYS_FROM_HOURS = 48
_PLACEHOLDER = re.compile(r"{(\w+)}")


def render(key: str, params: Params, language: str) -> str:
    """Return a text in a language, with the values of its params.

    Args:
        key: a message kind or a reason code.
        params: by name.
        language: one of `TEXTS`.
    """
    text, params = TEXTS[language][key], _with_span(params)
    while isinstance(text, Select):
        text = text.texts[_selected(text, params[text.param], language)]
    # In one pass, because a name may contain braces, which are not placeholders.
    return _PLACEHOLDER.sub(lambda found: str(params[found[1]]), text)


def _with_span(params: Params) -> Params:
    """Return params with `span`: whether the time left is shown in `days`, which are added then, or in `hours`."""
    hours = params.get("hours")
    if not isinstance(hours, int) or hours < _DAYS_FROM_HOURS:
        return {**params, "span": "hours"}
    return {**params, "span": "days", "days": hours // 24}


def _selected(select: Select, value: str | int | None, language: str) -> str:
    match value:
        case None | names.ERASED_NAME:
            return "unknown"
        case int():
            return PLURALS[language](value)
        case _:
            return value if value in select.texts else "other"
