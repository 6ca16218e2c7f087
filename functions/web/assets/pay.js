// Payment, in the sandbox: no money is charged, and test cards show what happens when a payment fails.

import { call, create, discard, isRejected, Problem, resume, Unconfirmed } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { Explained } from "./errors.js";
import { money, t } from "./i18n.js";
import { panel } from "./panel.js";
import { notGiftable } from "./products.js";
import { radios } from "./radios.js";
import { redraw } from "./router.js";
import { action } from "./ui.js";

const METHOD = "card";
const TOKENS = ["tok_ok", "tok_declined", "tok_timeout"];
// After this time the page explains the delay.
const SLOW_MS = 1_500;
// The server's clock is known to two seconds.
const CLOCK_TOLERANCE_MS = 5_000;
const NEWEST_ORDERS = 20;

/** Ask for a payment method, pay, and go to the order. */
export async function pay(product, quantity) {
  let hasChanged = false;
  const order = await payFor(product, quantity, async (terms) => {
    try {
      return await createPaid(`buy:${product.product_id}`, "/orders", { product_id: product.product_id, quantity, ...terms });
    } catch (error) {
      hasChanged ||= Boolean(error.total);
      throw error;
    }
  });
  if (!order) {
    // The product behind the panel shows the old price.
    if (hasChanged) redraw();
    return;
  }
  announce(t(`shop.order.${order.state}`));
  location.hash = `#/orders/${order.order_id}`;
}

/**
 * Send a creating request that is paid for. If the last payment of the form is not confirmed, the user chooses between that one
 * and this one, by what they buy and cost.
 */
export async function createPaid(form, path, body) {
  try {
    return await create(form, path, body);
  } catch (error) {
    if (!(error instanceof Unconfirmed)) throw error;
    throw new Explained(t("shop.unfinished"), [
      { label: t("shop.finish_payment", purchaseOf(error.earlier)), before: () => resume(form) },
      { label: t("shop.start_over", purchaseOf(body)), before: () => startOver(error) },
    ]);
  }
}

const purchaseOf = ({ expected_total: total, quantity: count = 1 }) => ({ total: money(total), count });

/**
 * Give up the last payment of a form: cancel its order, so that it is never charged. If it has been paid meanwhile, that is
 * shown before they pay again.
 */
async function startOver({ form, earlier, sentAt }) {
  const { items } = await call("GET", `/orders?limit=${NEWEST_ORDERS}`);
  const found = items.find(
    ({ product, quantity, created_at: at }) =>
      product.product_id === earlier.product_id &&
      quantity === (earlier.quantity ?? 1) &&
      Date.parse(at) >= sentAt - CLOCK_TOLERANCE_MS,
  );
  const order = found?.state === "pending" ? await cancelOrRead(found.order_id) : found;
  discard(form);
  if (order?.state !== "paid") return;
  throw new Explained(t("shop.last_is_paid", purchaseOf(earlier)), [{ label: t("shop.to_last_order"), href: `#/orders/${order.order_id}` }]);
}

/** Cancel a pending order. Return it, or the order as it is if its payment was settled just before. */
async function cancelOrRead(id) {
  try {
    return await call("POST", `/orders/${id}/cancel`);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "not-cancellable") throw error;
    return call("GET", `/orders/${id}`);
  }
}

/**
 * Ask for a payment method and pay. Resolves to the result of `buy`, or null if the user closed the panel. If the price has
 * changed, nothing is charged: the panel shows the new total and asks again.
 *
 * @param {(terms: {payment: object, expected_total: object}) => Promise<object>} buy sends the creating request with these fields.
 */
export function payFor(product, quantity, buy) {
  let total = { ...product.price, amount: product.price.amount * quantity };
  return panel(t("shop.pay"), (close) => {
    const cards = radios(
      t("shop.method"),
      "token",
      TOKENS.map((token) => ({ value: token, label: t(`shop.card.${token}`) })),
      TOKENS[0],
    );
    const waiting = h("p", { class: "faint", role: "status" });
    const sum = h("b", {});
    const button = action("", charge, { class: "main" });
    showTotal();
    return [
      h("p", { class: "bill" }, h("span", {}, t("shop.times", { title: product.title, count: quantity })), sum),
      !product.giftable && h("p", { class: "not-giftable gifting" }, notGiftable(product)),
      cards.element,
      waiting,
      button,
      h("p", { class: "faint" }, t("shop.sandbox")),
    ];
    function showTotal() {
      fill(sum, money(total));
      fill(button.querySelector("button"), t("shop.pay_total", { total: money(total) }));
    }
    async function charge() {
      const timer = setTimeout(() => fill(waiting, t("shop.still_checking")), SLOW_MS);
      try {
        close(await buy({ payment: { method: METHOD, token: cards.value() }, expected_total: total }));
      } catch (error) {
        if (error.total) {
          ({ total } = error);
          showTotal();
        }
        // The card may have been charged: only the same request may be repeated. Another card would be another order.
        if (!isRejected(error) && !(error instanceof Explained)) cards.element.disabled = true;
        throw error;
      } finally {
        clearTimeout(timer);
        fill(waiting);
      }
    }
  });
}
