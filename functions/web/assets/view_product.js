// A product: its facts, its price, and buying it.

import { call } from "./api.js";
import { announce, config, fill, h } from "./dom.js";
import { hasFeature } from "./features.js";
import { money, t } from "./i18n.js";
import { pay } from "./pay.js";
import { notGiftable, picture, price } from "./products.js";
import { stepper } from "./stepper.js";
import { action } from "./ui.js";

const MAX_QUANTITY = 50;
// The stock is shown from this number down.
const FEW = 20;

export async function view(main, { id }) {
  const [product, tagged] = await Promise.all([call("GET", `/products/${id}`), isTagged(id)]);
  fill(
    main,
    h(
      "article",
      { class: "product" },
      picture(product, "eager"),
      h(
        "div",
        { class: "about" },
        h("a", { class: "store", href: `#/stores/${product.store_id}` }, h("bdi", {}, product.store_name)),
        h("h1", { dir: "auto" }, product.title),
        h("p", { class: "large" }, price(product)),
        !product.giftable && h("p", { class: "not-giftable gifting" }, notGiftable(product)),
        stock(product),
        product.description && h("p", { dir: "auto" }, product.description),
        facts(product),
        tag(product, tagged),
      ),
    ),
    product.stock === 0 ? null : config.sells ? purchase(product) : h("p", { class: "few" }, t("problem.no-payment-provider")),
  );
  return product.title;
}

/** Return whether the product is among the user's newest 100 tags; false if they cannot be read. */
async function isTagged(id) {
  const page = await call("GET", "/tagged?limit=100").catch(() => ({ items: [] }));
  return page.items.some((product) => product.product_id === id);
}

function stock({ stock: left }) {
  if (left === null || left > FEW) return null;
  return h("p", { class: "few" }, left === 0 ? t("shop.sold_out") : t("shop.few", { count: left }));
}

function facts(product) {
  const { kind, validity_days: days, redeem_at: place, giftable } = product;
  const fact = (name, text) => h("div", { class: name === "gift" && "gifting" }, h("dt", {}, t(`shop.fact.${name}`)), h("dd", {}, text));
  return h(
    "dl",
    { class: "product-facts" },
    fact("kind", t(`shop.kind.${kind}`)),
    days !== null && fact("valid", t("shop.valid_days", { count: days })),
    place && fact("where", h("bdi", {}, place)),
    giftable && fact("gift", t("shop.giftable")),
  );
}

function tag({ product_id: id }, tagged) {
  const button = action("", press, { class: "tag" });
  const toggle = button.querySelector("button");
  const draw = () => {
    toggle.setAttribute("aria-pressed", tagged);
    fill(toggle, t(tagged ? "shop.tagged" : "shop.tag"));
  };
  async function press() {
    await call(tagged ? "DELETE" : "PUT", `/tagged/${id}`, { as: "none" });
    tagged = !tagged;
    draw();
    const now = hasFeature("order_center") ? "shop.now_tagged" : "shop.tagged";
    announce(t(tagged ? now : "shop.now_untagged"));
  }
  draw();
  return button;
}

function purchase(product) {
  const total = (count) => money({ ...product.price, amount: product.price.amount * count });
  const sum = h("span", { class: "sum" }, total(1));
  const quantity = stepper(t("shop.quantity"), {
    max: Math.min(MAX_QUANTITY, product.stock ?? MAX_QUANTITY),
    onChange: (count) => fill(sum, total(count)),
  });
  const buy = h("button", { type: "button", class: "main", on: { click: () => pay(product, quantity.value()) } }, t("shop.buy"), " ", sum);
  return h("div", { class: "purchase" }, quantity.element, buy);
}
