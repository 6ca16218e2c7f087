// Entries of the lists of the order center, and lists with more than one page.

import { call } from "./api.js";
import { announce, h } from "./dom.js";
import { day, isolate, money, t, when } from "./i18n.js";
import { outcomeOf } from "./outcome.js";
import { statusOf } from "./timeline.js";
import { rememberShown, shownBefore } from "./router.js";
import { action, countdown } from "./ui.js";

const PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

/** Return the entry of an order, as its buyer sees it. */
export function orderEntry(order) {
  const { order_id: id, product, quantity, payment, state, units, created_at: at } = order;
  const places = units && ["available", "in_gift", "gifted", "used", "refunded"].filter((place) => units[place] > 0);
  return entry(`#/orders/${id}`, {
    picture: product.image_url,
    title: product.title,
    badge: t(`center.order.${state}`),
    tone: { pending: "waiting", paid: "good" }[state],
    lines: [
      h("span", {}, h("bdi", {}, product.store_name), ` · ${t("center.quantity", { count: quantity })} · `, money(payment.total)),
      places && h("span", {}, places.map((place) => t(`center.units.${place}`, { count: units[place] })).join(" · ")),
      time(at),
    ],
  });
}

/** Return the entry of a payment. */
export function paymentEntry(payment) {
  const { order_id: id, title, image_url: picture, method, total, status, refunded } = payment;
  return entry(`#/orders/${id}`, {
    picture,
    title,
    badge: t(`center.payment.${status}`),
    tone: { pending: "waiting", paid: "good" }[status],
    lines: [
      h("span", {}, h("b", {}, money(total)), ` · ${t("center.method", { method })}`),
      refunded.amount > 0 && h("span", {}, t("center.refunded", { money: money(refunded) })),
      time(payment.paid_at ?? payment.created_at),
    ],
  });
}

/** Return the entry of a gift, as its giver sees it. */
export function sentEntry(gift) {
  const { gift_id: id, product, wrapping, state, shares, remaining, claims, opens_at: opensAt, expires_at: end } = gift;
  const names = claims.map((claim) => claim.display_name);
  return entry(`#/gifts/${id}`, {
    picture: wrapping.image_url,
    wide: true,
    title: product.title,
    badge: t(`center.sent.${outcomeOf(gift)}`),
    tone: { scheduled: "waiting", open: "waiting", claimed: "good" }[state],
    lines: [
      h("q", { dir: "auto" }, wrapping.blessing),
      state === "scheduled" && h("span", {}, t("center.opens", { time: when(opensAt) })),
      names.length > 0 && h("span", {}, t("center.opened_by", { names: names.map(isolate).join(t("center.comma")) })),
      shares > 1 && h("span", {}, t("center.shares_left", { remaining, shares })),
      state === "open" && countdown(end),
      !["open", "scheduled"].includes(state) && time(gift.created_at),
    ],
  });
}

/** Return the entry of a gift, as its recipient sees it, before or after opening it. */
export function receivedEntry(gift) {
  const { gift_id: id, giver_name: name, wrapping, state, holding, expires_at: end } = gift;
  const shown = holding ? "claimed" : state;
  return entry(`/g/${id}`, {
    picture: wrapping.image_url,
    wide: true,
    title: t("center.from", { name }),
    badge: t(`center.received.${shown}`),
    tone: { open: "waiting", claimed: "good" }[shown],
    lines: [
      wrapping.blessing && h("q", { dir: "auto" }, wrapping.blessing),
      holding && h("span", { dir: "auto" }, holding.product?.title ?? t("center.parcel_from", { store: holding.store_name })),
      shown === "open" ? countdown(end) : holding && time(holding.received_at),
    ],
  });
}

/** Return the entry of a voucher or a parcel. A parcel has no product until it is delivered. */
export function holdingEntry(holding) {
  const { holding_id: id, kind, product, store_name: store, state, gift_id: gift, valid_until: until } = holding;
  return entry(`#/holdings/${id}`, {
    picture: product?.image_url,
    title: product?.title ?? t("center.parcel_from", { store }),
    badge: kind === "voucher" ? t(`center.voucher.${state}`) : statusOf(state),
    tone: { usable: "good", delivered: "good", redeemed: "", expired: "", refunded: "", cancelled: "" }[state] ?? "waiting",
    lines: [
      h("span", {}, h("bdi", {}, store), gift ? ` · ${t("center.a_gift")}` : ""),
      kind === "voucher" && until && state === "usable" && h("span", {}, t("center.until", { day: day(until) })),
      time(holding.received_at),
    ],
  });
}

/** Return the entry of a tagged or viewed product. */
export function seenEntry(product) {
  return productEntry(product, time(product.at));
}

/** Return the entry of a recommended product, with the reason. */
export function recommendedEntry(product) {
  return productEntry(product, h("span", { class: "reason" }, product.reason));
}

function productEntry(product, line) {
  const { product_id: id, image_url: picture, title, store_name: store, price, giftable } = product;
  return entry(`#/products/${id}`, {
    picture,
    title,
    badge: money(price),
    tone: "price",
    lines: [h("span", {}, h("bdi", {}, store), h("span", { class: "gifting" }, ` · ${t(giftable ? "center.giftable" : "center.not_giftable")}`)), line],
  });
}

function time(at) {
  return h("time", { datetime: at }, when(at));
}

function entry(href, { picture, wide, title, badge, tone, lines }) {
  return h(
    "li",
    { class: "entry" },
    h(
      "a",
      { href },
      h("span", { class: wide ? "picture wide" : "picture" }, picture ? h("img", { src: picture, alt: "", loading: "lazy" }) : "?"),
      h(
        "span",
        { class: "about" },
        h("strong", { dir: "auto" }, title),
        h("span", { class: `badge ${tone ?? ""}` }, badge),
        lines.filter(Boolean).map((line) => h("span", { class: "line" }, line)),
      ),
    ),
  );
}

/**
 * Read a list page by page. After Back, the first page is as long as what was shown before.
 *
 * @param {string} path of the list, with its query, if any.
 * @returns {() => Promise<{items: object[], more: boolean}>} a function that reads the next page. Only the last one may be empty.
 */
export function pages(path) {
  let cursor = null;
  let shown = 0;
  async function read(count) {
    const query = new URLSearchParams({ limit: Math.min(MAX_PAGE_SIZE, count), ...(cursor && { cursor }) });
    const page = await call("GET", `${path}${path.includes("?") ? "&" : "?"}${query}`);
    cursor = page.next_cursor;
    return page.items;
  }
  return async function next() {
    const missing = shown === 0 ? Math.max(PAGE_SIZE, shownBefore(path)) : PAGE_SIZE;
    const items = await read(missing);
    // A page of a filtered list may be short or empty without being the last.
    while (cursor && (items.length === 0 || items.length <= missing - PAGE_SIZE)) items.push(...(await read(missing - items.length)));
    shown += items.length;
    if (shown > PAGE_SIZE) rememberShown(path, shown);
    return { items, more: cursor !== null };
  };
}

/**
 * Return the first page of a list, with a button that loads the next one; or `empty`, if the list has no items.
 *
 * @param {string} path of the list, with its query, if any.
 * @param {(item: object) => HTMLElement} draw returns the entry of an item.
 */
export async function list(path, draw, empty, label) {
  const next = pages(path);
  const first = await next();
  if (first.items.length === 0) return empty;
  const entries = h("ul", { class: "entries", "aria-label": label }, first.items.map(draw));
  const button = action(t("center.more"), async () => {
    const { items, more } = await next();
    const added = items.map(draw);
    entries.append(...added);
    announce(t("center.more_shown", { count: added.length }));
    (added[0] ?? entries.lastElementChild).querySelector("a")?.focus();
    if (!more) button.remove();
  });
  return h("div", { class: "list" }, entries, first.more && button);
}

/** Return the placeholder of an empty list: a text, and a link to something to do. */
export function nothing(text, href, label) {
  return h("div", { class: "nothing" }, h("p", {}, text), href && h("a", { class: "button", href }, label));
}
