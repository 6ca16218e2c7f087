// The way from a received gift to the gift in return, for the claimer.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { t } from "./i18n.js";

const MAX_SENT = 100;

/** Return the gift that the user sent in return for a gift, or null. Only the newest gifts are considered. */
export async function findReturnGift(giftId) {
  const { items } = await call("GET", `/gifts?role=sent&limit=${MAX_SENT}`);
  return items.find((gift) => gift.in_return_for === giftId) ?? null;
}

/** Return a link that sends a gift in return, or shows the one that the user has sent. */
export function returnGift(giftId) {
  const place = h("div", { class: "return-gift" }, h("a", { class: "button main", href: `/#/return/${giftId}` }, t("gift.return_gift")));
  findReturnGift(giftId).then(
    (sent) => sent && fill(place, h("a", { class: "button", href: `/#/gifts/${sent.gift_id}` }, t("gift.return_gift_sent"))),
    () => {},
  );
  return place;
}
