// A return gift: a product from the same store, wrapped and paid for, for the giver.

import { call } from "./api.js";
import { announce, config, fill, h } from "./dom.js";
import { Explained } from "./errors.js";
import { money, t } from "./i18n.js";
import { nothing } from "./lists.js";
import { createPaid, payFor } from "./pay.js";
import { within } from "./policy.js";
import { radios } from "./radios.js";
import { findReturnGift } from "./return_gift.js";
import { runAction } from "./ui.js";
import { wrapping } from "./wrapping.js";

const MAX_PRODUCTS = 100;

export async function view(main, { id }) {
  const gift = await call("GET", `/gifts/${id}`);
  const { giver_name: name, store_id: store, holding } = gift;
  const title = t("center.return.title", { name });
  const show = (text, href, label) => fill(main, h("h1", {}, title), nothing(text, href, label));
  if (!holding) {
    show(t("problem.not-claimed"), `/g/${id}`, t("center.see_gift"));
    return title;
  }
  const sent = await findReturnGift(id);
  if (sent) {
    show(t("problem.already-returned"), `#/gifts/${sent.gift_id}`, t("gift.return_gift_sent"));
    return title;
  }
  if (!config.sells) {
    show(t("problem.no-payment-provider"), "#/center/received", t("center.tab.received"));
    return title;
  }
  const { items } = await call("GET", `/stores/${store}/products?limit=${MAX_PRODUCTS}`);
  const products = new Map(items.filter((each) => each.giftable).map((each) => [each.product_id, each]));
  if (products.size === 0) {
    show(t("center.return.none", { store: holding.store_name }), "#/center/received", t("center.tab.received"));
    return title;
  }
  const kinds = [...new Set([...products.values()].map((each) => each.kind))];
  const wrappings = Object.fromEntries(await Promise.all(kinds.map(async (kind) => [kind, await wrapping(kind)])));

  const wrappingFields = h("div", {});
  const button = h("button", { type: "submit", class: "main" });
  const notice = h("div", { class: "notice" });
  const options = [...products.values()].map((each) => ({
    value: each.product_id,
    label: each.title,
    hint: money(each.price),
    image: each.image_url,
  }));
  const choice = radios(t("center.return.choose", { store: holding.store_name }), "product", options, options[0].value, {
    className: "goods",
    onChange: draw,
  });
  const product = () => products.get(choice.value());
  function draw() {
    const { preview, fields } = wrappings[product().kind];
    if (!wrappingFields.contains(preview)) fill(wrappingFields, preview, fields);
    fill(button, t("center.return.give", { money: money(product().price) }));
  }
  draw();

  async function give() {
    const wrapped = wrappings[product().kind];
    if (!wrapped.check()) return;
    const body = { product_id: choice.value(), wrapping: wrapped.value() };
    const result = await payFor(product(), 1, (terms) => createReturnGift(id, name, { ...body, ...terms }));
    if (!result) return;
    if (result.refused) {
      wrapped.explain(result.refused);
      return;
    }
    if (!result.already && !result.gift) {
      location.hash = `#/orders/${result.order.order_id}`; // the gift is given when the payment is settled
      return;
    }
    if (result.already) show(t("problem.already-returned"), "#/center/sent", t("center.tab.sent"));
    else showDone(main, result.gift, name);
    main.querySelector("h1").setAttribute("tabindex", "-1");
    main.querySelector("h1").focus();
  }
  function submit(event) {
    event.preventDefault();
    runAction(button, notice, give);
  }
  fill(
    main,
    h("h1", {}, title),
    h("p", { class: "faint" }, t("center.return.how", { name, store: holding.store_name })),
    h("form", { class: "wrapping", novalidate: true, on: { submit } }, choice.element, wrappingFields, notice, button),
  );
  return title;
}

/** Create the return gift. There is one for each claim: `already` reports an earlier one. `refused` is an error about the message. */
async function createReturnGift(id, name, body) {
  try {
    return await createPaid(`return:${id}`, `/gifts/${id}/return-gifts`, body);
  } catch (error) {
    if (error.code === "already-returned") return { already: true };
    if (error.code === "message-refused") return { refused: error };
    throw error.code === "recipient-unknown" ? new Explained(t("shop.wrap.not_possible", { name })) : error;
  }
}

function showDone(main, gift, name) {
  const { gift_id: id, wrapping: { image_url: cover, blessing }, at_end: end } = gift;
  const window = Math.round((Date.parse(gift.expires_at) - Date.parse(gift.created_at)) / 1000);
  const title = t("center.return.done", { name });
  fill(
    main,
    h("h1", {}, title),
    h(
      "section",
      { class: "card given" },
      h("img", { src: cover, alt: "" }),
      h("p", { class: "blessing", dir: "auto" }, blessing),
      h("p", {}, t(`shop.end.fixed.${end.then}`, { within: within(window) })),
      h("a", { class: "button main", href: `#/gifts/${id}` }, t("center.return.follow")),
      h("a", { class: "see", href: "#/center/sent" }, t("center.tab.sent")),
    ),
  );
  announce(title);
}
