// Written by `make generate` from functions/web/assets; change it there.
handsel.define("outcome.js", [], async () => {
function outcomeOf({ state, at_end: end, successor_gift_id: successor }) {
  if (state !== "returned") return state;
  if (successor) return "passed_on";
  return end.then === "refund" ? "refunded" : state;
}
return { outcomeOf };
});
handsel.define("timeline.js", ["dom.js", "i18n.js", "ui.js"], async ({ h }, { t, when }, { copyButton }) => {
const STEPS = ["ready_to_ship", "picked_up", "in_transit", "out_for_delivery", "delivered"];

function statusOf(status) {
  return t(`center.shipment.${status}`);
}

function timeline({ status, events, carrier, tracking_number: number, address, address_label: label }) {
  const reached = STEPS.indexOf(status);
  const ahead = reached < 0 ? [] : STEPS.slice(reached + 1);
  const past = events.length > 0 && status !== "cancelled" ? events : [...events, { status }];
  return h(
    "section",
    { class: "shipment", "aria-labelledby": "shipment-status" },
    h("h2", { id: "shipment-status", class: reached < 0 ? "mishap" : "" }, statusOf(status)),
    h(
      "ol",
      { class: "timeline" },
      past.map((event, index) => pastStep(event, index === past.length - 1)),
      ahead.map((each) => h("li", { class: "ahead" }, h("span", {}, statusOf(each)), h("span", { class: "unseen" }, t("center.upcoming")))),
    ),
    h(
      "dl",
      { class: "facts" },
      fact(t("center.carrier"), h("bdi", {}, carrier)),
      number && fact(t("center.tracking_number"), h("bdi", { translate: "no" }, number), " ", copyButton(number, t("center.copy_number"))),
      address && fact(t("center.address"), addressBlock(address, label)),
    ),
  );
}

function pastStep({ status, location, occurred_at: at }, latest) {
  return h(
    "li",
    { "aria-current": latest && "step" },
    h("strong", {}, statusOf(status)),
    at && h("span", { class: "faint" }, location && [h("bdi", {}, location), " · "], h("time", { datetime: at }, when(at))),
  );
}

function fact(name, ...value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function addressBlock({ phone, country }, label) {
  const names = new Intl.DisplayNames(document.documentElement.lang, { type: "region", fallback: "code" });
  const countryName = /^[A-Z]{2}$/.test(country) ? names.of(country) : country;
  return h("address", {}, [...label, countryName, phone].map((line) => h("span", { dir: "auto" }, line)));
}
return { statusOf, timeline, fact };
});
handsel.define("lists.js", ["api.js", "dom.js", "i18n.js", "outcome.js", "timeline.js", "router.js", "ui.js"], async ({ call }, { announce, h }, { day, isolate, money, t, when }, { outcomeOf }, { statusOf }, { rememberShown, shownBefore }, { action, countdown }) => {
const PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

function orderEntry(order) {
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

function paymentEntry(payment) {
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

function sentEntry(gift) {
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

function receivedEntry(gift) {
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

function holdingEntry(holding) {
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

function seenEntry(product) {
  return productEntry(product, time(product.at));
}

function recommendedEntry(product) {
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

function pages(path) {
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
    while (cursor && (items.length === 0 || items.length <= missing - PAGE_SIZE)) items.push(...(await read(missing - items.length)));
    shown += items.length;
    if (shown > PAGE_SIZE) rememberShown(path, shown);
    return { items, more: cursor !== null };
  };
}

async function list(path, draw, empty, label) {
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

function nothing(text, href, label) {
  return h("div", { class: "nothing" }, h("p", {}, text), href && h("a", { class: "button", href }, label));
}
return { orderEntry, paymentEntry, sentEntry, receivedEntry, holdingEntry, seenEntry, recommendedEntry, pages, list, nothing };
});
handsel.define("view_store.js", ["dom.js", "i18n.js", "lists.js", "products.js", "ui.js"], async ({ announce, config, fill, h }, { t }, { pages }, { tiles }, { action }) => {
async function view(main, { id }) {
  const next = pages(`/stores/${id}/products`);
  const first = await next();
  const name = first.items[0]?.store_name ?? t("shop.store");
  const list = tiles(first.items);
  const button = action(t("shop.more"), async () => {
    const { items, more } = await next();
    const added = [...tiles(items).children];
    list.append(...added);
    announce(t("shop.more_shown", { count: added.length }));
    added[0]?.querySelector("a").focus();
    if (!more) button.remove();
  });
  const closed = !config.sells && h("p", { class: "few" }, t("problem.no-payment-provider"));
  fill(main, h("h1", { dir: "auto" }, name), closed, first.items.length > 0 ? list : h("p", {}, t("shop.empty_store")), first.more && button);
  return name;
}
return { view };
});
