// Payment, in the sandbox: no money is charged, and test cards show what happens when a payment fails.

import { create, isRejected, Unconfirmed } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { money, t } from "./i18n.js";
import { panel } from "./panel.js";
import { notGiftable } from "./products.js";
import { radios } from "./radios.js";
import { action } from "./ui.js";

const METHOD = "card";
const TOKENS = ["tok_ok", "tok_declined", "tok_timeout"];
// After this time the page explains the delay.
const SLOW_MS = 1_500;

/** Ask for a payment method, pay, and go to the order. */
export async function pay(product, quantity) {
  const order = await payFor(product, quantity, (payment) =>
    create(`buy:${product.product_id}`, "/orders", { product_id: product.product_id, quantity, payment }),
  );
  if (!order) return;
  announce(t("shop.order.paid"));
  location.hash = `#/orders/${order.order_id}`;
}

/**
 * Ask for a payment method and pay. Resolves to the result of `buy`, or null if the user closed the panel.
 *
 * @param {(payment: object) => Promise<object>} buy sends the creating request with this payment.
 */
export function payFor(product, quantity, buy) {
  const total = money({ ...product.price, amount: product.price.amount * quantity });
  return panel(t("shop.pay"), (close) => {
    const cards = radios(
      t("shop.method"),
      "token",
      TOKENS.map((token) => ({ value: token, label: t(`shop.card.${token}`) })),
      TOKENS[0],
    );
    const waiting = h("p", { class: "faint", role: "status" });
    const button = action(t("shop.pay_total", { total }), charge, { class: "main" });
    return [
      h("p", { class: "bill" }, h("span", {}, t("shop.times", { title: product.title, count: quantity })), h("b", {}, total)),
      !product.giftable && h("p", { class: "not-giftable" }, notGiftable(product)),
      cards.element,
      waiting,
      button,
      h("p", { class: "faint" }, t("shop.sandbox")),
    ];
    async function charge() {
      const timer = setTimeout(() => fill(waiting, t("shop.still_checking")), SLOW_MS);
      try {
        close(await buy({ method: METHOD, token: cards.value() }));
      } catch (error) {
        // The card may have been charged: only the same request may be repeated. Another card would be another order.
        if (!isRejected(error) && !(error instanceof Unconfirmed)) cards.element.disabled = true;
        throw error;
      } finally {
        clearTimeout(timer);
        fill(waiting);
      }
    }
  });
}
