// Paying, in the sandbox: nobody's money is taken, and one can see what happens when it goes wrong.

import { create, settles, Unsettled } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { money, t } from "./i18n.js";
import { panel } from "./panel.js";
import { radios } from "./radios.js";
import { action } from "./ui.js";

const METHOD = "card";
const TOKENS = ["tok_ok", "tok_declined", "tok_timeout"];
// After this one wonders what it is waiting for.
const LONG_MS = 1_500;

/** Asks for a way to pay; goes to the order once it is paid for. */
export async function pay(product, quantity) {
  const order = await payFor(product, quantity, (payment) =>
    create(`buy:${product.product_id}`, "/orders", { product_id: product.product_id, quantity, payment }),
  );
  if (!order) return;
  announce(t("shop.order.paid"));
  location.hash = `#/orders/${order.order_id}`;
}

/**
 * Asks for a way to pay, and pays; answers what was bought, null where one would rather not.
 *
 * @param {(payment: object) => Promise<object>} buy a creating call with this payment.
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
    const asked = action(t("shop.pay_total", { total }), charge, { class: "main" });
    return [
      h("p", { class: "bill" }, h("span", {}, t("shop.times", { title: product.title, count: quantity })), h("b", {}, total)),
      cards.element,
      waiting,
      asked,
      h("p", { class: "faint" }, t("shop.sandbox")),
    ];
    async function charge() {
      const timer = setTimeout(() => fill(waiting, t("shop.still_asking")), LONG_MS);
      try {
        close(await buy({ method: METHOD, token: cards.value() }));
      } catch (error) {
        // What may have been charged already is only asked about: with another card it would be another order.
        if (!settles(error) && !(error instanceof Unsettled)) cards.element.disabled = true;
        throw error;
      } finally {
        clearTimeout(timer);
        fill(waiting);
      }
    }
  });
}
