// The rules that an order was bought under, as far as they matter before a gift is sent.

import { call } from "./api.js";
import { now } from "./clock.js";
import { span, t } from "./i18n.js";

const DAY_MS = 86_400_000;

let asked = null;

/** Return the policy of new orders, as `GET /meta/policy` has it; null if it cannot be read. */
export function currentPolicy() {
  asked ??= call("GET", "/meta/policy", { anonymous: true }).catch(() => {
    asked = null;
    return null;
  });
  return asked;
}

/** Return whether the view of an order or of a gift says that a rule forbids the user something. */
export const isForbidden = ({ refusals }, rule) => refusals.some((each) => each.rule === rule);

/**
 * Return the rules for the gifts of an order.
 *
 * @returns `{window, atEnd, mayChoose}`. `window` is how long a gift can be opened, in seconds. It is null if it is
 *   not known, or if the voucher ends earlier; `atEnd` is what then happens, null if it is not known.
 */
export async function rulesOf(order) {
  const current = await currentPolicy();
  const mayChoose = !isForbidden(order, "giver_may_choose");
  // The order may have been bought under an earlier version.
  const { policy_id: id, version } = order.policy;
  if (!current || id !== current.policy_id || version !== current.version) return { window: null, atEnd: null, mayChoose };
  const { window, at_end: atEnd } = current.rules;
  const seconds = window.value[order.product.kind];
  return { window: isCut(order, seconds) ? null : seconds, atEnd: atEnd.value, mayChoose };
}

/** Return when the vouchers of a paid order end, in milliseconds since the epoch; null if they do not. */
export function voucherEnd({ product: { validity_days: days }, payment: { paid_at: paidAt } }) {
  return days === null ? null : Date.parse(paidAt) + days * DAY_MS;
}

/** Return whether a voucher ends before a window of this length, which ends with it. */
function isCut(order, seconds) {
  const end = voucherEnd(order);
  return end !== null && end < now() + seconds * 1000;
}

/** Return a window in seconds, or null, in words that fit into a sentence of `shop.end`. */
export function within(window) {
  return window === null ? t("shop.end.in_time") : t("shop.end.within", { time: span(window) });
}
