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
      !product.giftable && h("span", { class: "not-giftable" }, t("shop.not_giftable")),
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

const REASONS = {
  "shop.not_giftable.store": /^This store does not offer gifts\.$/u,
  "shop.not_giftable.product": /^The store does not offer this product as a gift\.$/u,
  "shop.not_giftable.category": /^Products of the category (?<category>.+) cannot be given\.$/su,
  "shop.not_giftable.price": /^The original price is over (?<price>.+)\.$/u,
};

/** Return why a product cannot be given, in the language of the page. The API answers it in English only. */
export function notGiftable({ not_giftable_reason: sentence }) {
  for (const [key, pattern] of Object.entries(REASONS)) {
    const found = pattern.exec(sentence);
    if (!found) continue;
    const { category = "", price: limit = "" } = found.groups ?? {};
    return t(key, { category: has(`shop.category.${category}`) ? t(`shop.category.${category}`) : category, price: limit });
  }
  return t("problem.not-giftable");
}
