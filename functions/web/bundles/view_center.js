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
handsel.define("view_center.js", ["api.js", "dom.js", "features.js", "i18n.js", "lists.js", "router.js"], async ({ call }, { fill, h }, { hasFeature, noteFeatures }, { language, t }, { holdingEntry, list, nothing, orderEntry, paymentEntry, receivedEntry, recommendedEntry, seenEntry, sentEntry }, { replace }) => {
const TABS = {
  orders: { path: "/orders", draw: orderEntry, of: "orders", states: ["pending", "to_give", "refunded"], next: "#/" },
  sent: { path: "/gifts?role=sent", draw: sentEntry, of: "gifts_sent", states: ["scheduled", "open", "returned"], next: "#/" },
  received: { path: "/gifts?role=received", draw: receivedEntry, of: "gifts_received", states: [], next: "#/me" },
  holdings: { path: "/holdings", draw: holdingEntry, of: "holdings", states: ["usable", "to_receive"], next: "#/" },
  payments: { path: "/payments", draw: paymentEntry, of: "payments", states: [], next: "#/" },
  tagged: { path: "/tagged", draw: seenEntry, of: "tagged", states: [], next: "#/" },
  viewed: { path: "/viewed", draw: seenEntry, of: "viewed", states: [], next: "#/" },
  recommendations: { path: "/recommendations", draw: recommendedEntry, of: "recommendations", states: [], next: "#/me" },
};
const COUNTS = {
  to_pay: "#/center/orders/pending",
  to_give: "#/center/orders/to_give",
  awaiting_claim: "#/center/sent/open",
  to_use: "#/center/holdings/usable",
  to_receive: "#/center/holdings/to_receive",
  returned: "#/center/sent/returned",
  refunded: "#/center/orders/refunded",
  unread: "#/inbox",
};
const OVERVIEW_ENTRIES = 2;

async function view(main, { tab = "overview", state }) {
  const here = location.hash;
  const toLists = () => {
    if (location.hash === here) replace("#/center/orders");
    return "";
  };
  const hasOverview = hasFeature("order_center");
  if (!(tab in TABS) && !hasOverview) return toLists();
  const title = t(hasOverview ? "center.title" : "center.title_of_lists");
  const body = h("div", { "aria-busy": "true" });
  fill(main, h("h1", {}, title), tabs(tab, title, hasOverview), body);
  main.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  try {
    fill(body, tab in TABS ? await single(tab, state) : await overview());
  } catch (error) {
    if (tab in TABS || error.status !== 404) throw error;
    noteFeatures({ order_center: false });
    return toLists();
  }
  body.removeAttribute("aria-busy");
  return tab in TABS ? t(`center.tab.${tab}`) : title;
}

function tabs(current, label, hasOverview) {
  return h(
    "nav",
    { class: "tabs", "aria-label": label },
    [...(hasOverview ? ["overview"] : []), ...Object.keys(TABS)].map((tab) =>
      h("a", { href: `#/center/${tab}`, "aria-current": tab === current && "page" }, t(`center.tab.${tab}`)),
    ),
  );
}

async function overview() {
  const center = await call("GET", "/order-center");
  const shown = Object.entries(TABS).filter(([tab, { of }]) => tab !== "payments" && center[of].length > 0);
  const hasEntries = [center.orders, center.gifts_received].some((items) => items.length > 0);
  return h(
    "div",
    { class: "overview" },
    h("ul", { class: "counts", "aria-label": t("center.counts") }, Object.entries(COUNTS).map(count(center.counts))),
    !hasEntries && empty("orders"),
    shown.map(([tab, { of, draw }]) =>
      h(
        "section",
        { "aria-labelledby": `center-${tab}` },
        h(
          "header",
          { class: "section" },
          h("h2", { id: `center-${tab}` }, t(`center.tab.${tab}`)),
          h("a", { href: `#/center/${tab}`, "aria-label": t("center.all_of", { list: t(`center.tab.${tab}`) }) }, t("center.all")),
        ),
        h("ul", { class: "entries" }, center[of].slice(0, OVERVIEW_ENTRIES).map(draw)),
      ),
    ),
  );
}

function count(counts) {
  return ([name, href]) =>
    h(
      "li",
      { class: name === "to_give" && "gifting" },
      h(
        "a",
        { href, class: counts[name] > 0 ? "count" : "count none" },
        h("b", {}, new Intl.NumberFormat(language).format(counts[name])),
        h("span", {}, t(`center.count.${name}`)),
      ),
    );
}

async function single(tab, state) {
  const { path, draw, states } = TABS[tab];
  const chosen = states.includes(state) ? state : null;
  const query = chosen ? `${path.includes("?") ? "&" : "?"}state=${chosen}` : "";
  const label = chosen ? t(`center.filter.${tab}.${chosen}`) : t(`center.tab.${tab}`);
  return h(
    "div",
    {},
    states.length > 0 && choices(tab, states, chosen),
    await list(path + query, draw, chosen ? nothing(t("center.none_now"), `#/center/${tab}`, t("center.see_all")) : empty(tab), label),
  );
}

function choices(tab, states, chosen) {
  const link = (state, label) =>
    h("a", { href: `#/center/${tab}${state ? `/${state}` : ""}`, class: state === "to_give" && "gifting", "aria-current": state === chosen && "true" }, label);
  return h(
    "nav",
    { class: "choices", "aria-label": t("center.filter") },
    link(null, t("center.filter.all")),
    states.map((state) => link(state, t(`center.filter.${tab}.${state}`))),
  );
}

function empty(tab) {
  if (tab === "sent" && !hasFeature("gifting")) return nothing(t("center.none_now"));
  return nothing(t(`center.empty.${tab}`), TABS[tab].next, t(TABS[tab].next === "#/me" ? "center.to_me" : "center.to_shop"));
}
return { view };
});
