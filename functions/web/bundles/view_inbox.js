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
handsel.define("view_inbox.js", ["api.js", "dom.js", "frame.js", "i18n.js", "lists.js", "router.js", "ui.js"], async ({ call }, { announce, fill, h }, { countUnread }, { t, when }, { list, nothing }, { redraw }, { action }) => {
const TO_THE_GIVER = ["gift_opened", "gift_claimed", "gift_thanked", "gift_returned", "gift_refunded", "gift_passed_on", "gift_declined", "asked_again", "refund_decided"];
const MARKS = {
  gift_cancelled: "–",
  gift_opened: "✓",
  gift_claimed: "✓",
  gift_thanked: "♥",
  gift_returned: "↩",
  gift_refunded: "↩",
  gift_passed_on: "→",
  gift_declined: "–",
  asked_again: "?",
  parcel_update: "→",
  parcel_not_shipped: "!",
  voucher_expiring: "!",
  voucher_redeemed: "✓",
  voucher_usable_again: "↩",
  refund_issued: "↩",
  refund_decided: "↩",
};

async function view(main) {
  const title = t("center.inbox");
  const unread = new Set();
  const empty = nothing(t("center.no_messages"), "#/me", t("center.to_me"));
  const messages = await list("/messages", message(unread, deleted), empty, title);
  function deleted(entry) {
    const next = entry.nextElementSibling ?? entry.previousElementSibling;
    const entries = entry.parentElement;
    entry.remove();
    readAll.hidden = unread.size === 0;
    announce(t("center.message_deleted"));
    if (next) return next.querySelector("a").focus();
    if (entries.nextElementSibling) return redraw();
    fill(messages, empty);
    return main.querySelector("h1").focus();
  }
  const readAll = action(
    t("center.read_all"),
    async () => {
      await Promise.all([...unread].map(markRead));
      await Promise.all([view(main), countUnread()]);
      main.querySelector("h1").focus();
    },
    { class: "quiet" },
  );
  readAll.hidden = unread.size === 0;
  fill(main, h("header", { class: "section" }, h("h1", { tabindex: -1 }, title), readAll), messages);
  return title;
}

function markRead(id) {
  return call("POST", `/messages/${id}/read`);
}

function message(unread, deleted) {
  return (item) => {
    const { message_id: id, kind, text, wrapping, created_at: at, read } = item;
    if (!read) unread.add(id);
    let going = false;
    async function go(event) {
      const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
      if (!elsewhere) event.preventDefault();
      if (going) return;
      going = true;
      if (unread.has(id)) await markRead(id).then(() => unread.delete(id)).catch(() => {});
      going = false;
      countUnread();
      if (!elsewhere) location.assign(wayTo(item));
    }
    const link = h(
      "a",
      { href: wayTo(item), class: read ? "message" : "message unread", on: { click: go } },
      wrapping
        ? h("span", { class: "picture wide" }, h("img", { src: wrapping.image_url, alt: "", loading: "lazy" }))
        : h("span", { class: "mark", "aria-hidden": "true" }, MARKS[kind]),
      h(
        "span",
        { class: "about" },
        h("span", { class: "text" }, !read && h("b", { class: "new" }, t("center.new")), " ", text),
        wrapping && h("q", { dir: "auto" }, wrapping.blessing),
        h("time", { class: "faint", datetime: at }, when(at)),
      ),
    );
    const remove = async () => {
      await call("DELETE", `/messages/${id}`, { as: "none" });
      unread.delete(id);
      countUnread();
      deleted(entry);
    };
    const entry = h("li", { class: "deletable" }, link, action("✕", remove, { class: "quiet", "aria-label": t("center.delete_message", { text }) }));
    return entry;
  };
}

function wayTo({ kind, gift_id: id, link }) {
  const { hash } = new URL(link);
  if (hash) return hash;
  if (kind === "parcel_not_shipped") return "#/inbox";
  if (!id) return "#/center/holdings";
  return TO_THE_GIVER.includes(kind) ? `#/gifts/${id}` : `/g/${id}`;
}
return { view };
});
