// Products, as several views show them.

import { h } from "./dom.js";
import { has, money, t } from "./i18n.js";

/** Return products as tiles, each with the reason if it is recommended; `strip` is one row of small tiles. */
export function tiles(products, { strip = false } = {}) {
  return h("ul", { class: strip ? "tiles strip" : "tiles" }, products.map(tile));
}

function tile(product) {
  return h(
    "li",
    {},
    h(
      "a",
      { class: "tile", href: `#/products/${product.product_id}` },
      picture(product),
      h("strong", { dir: "auto" }, product.title),
      product.reason && h("span", { class: "reason" }, product.reason),
      price(product),
      !product.giftable && h("span", { class: "not-giftable gifting" }, t("shop.not_giftable")),
    ),
  );
}

/** Return the picture of a product. Its alternative text is empty: the title is next to it. */
export function picture({ image_url: url }, loading = "lazy") {
  return h("span", { class: "photo" }, url && h("img", { src: url, alt: "", loading, width: 400, height: 400 }));
}

/** Return the price, and the original price if it is higher. */
export function price({ price: now, original_price: before }) {
  return h(
    "span",
    { class: "price" },
    before.amount > now.amount && h("span", { class: "unseen" }, t("shop.price_now")),
    h("b", {}, money(now)),
    before.amount > now.amount && [h("span", { class: "unseen" }, t("shop.price_before")), h("s", {}, money(before))],
  );
}

/** Return why a product cannot be given, in the language of the page. */
export function notGiftable({ not_giftable_code: code, not_giftable_params: { category, limit, currency } }) {
  const key = `shop.not_giftable.${code}`;
  if (!has(key)) return t("problem.not-giftable");
  return t(key, { category: t(`shop.category.${category}`), price: limit && money(limit), currency });
}
