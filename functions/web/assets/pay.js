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
  const order = await payFor(product, quantity, (terms) =>
    create(`buy:${product.product_id}`, "/orders", { product_id: product.product_id, quantity, ...terms }),
  );
  if (!order) return;
  announce(t(`shop.order.${order.state}`));
  location.hash = `#/orders/${order.order_id}`;
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
      !product.giftable && h("p", { class: "not-giftable" }, notGiftable(product)),
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
        if (!isRejected(error) && !(error instanceof Unconfirmed)) cards.element.disabled = true;
        throw error;
      } finally {
        clearTimeout(timer);
        fill(waiting);
      }
    }
  });
}
