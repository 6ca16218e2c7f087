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
handsel.define("panel.js", ["dom.js", "i18n.js"], async ({ h, openDialog }, { t }) => {
let open = null;

function panel(title, draw) {
  if (open) return Promise.resolve(null);
  open = showPanel(title, draw).finally(() => {
    open = null;
  });
  return open;
}

function showPanel(title, draw) {
  return new Promise((resolve) => {
    const opener = document.activeElement;
    let result = null;
    const close = (value) => {
      result = value;
      dialog.close();
    };
    const heading = h("h2", { id: "panel-title" }, title);
    const cross = h("button", { type: "button", class: "quiet close", "aria-label": t("close"), on: { click: closeByUser } }, "✕");
    const dialog = h("dialog", { class: "panel", "aria-labelledby": "panel-title" }, h("header", {}, heading, cross), draw(close));
    let hasLeft = false;
    const isBusy = () => !hasLeft && result === null && dialog.querySelector("[aria-busy]");
    function closeByUser() {
      if (!isBusy()) dialog.close();
    }
    function leaveView() {
      hasLeft = true;
      dialog.close();
    }
    addEventListener("hashchange", leaveView);
    dialog.addEventListener("close", () => {
      if (isBusy()) return dialog.showModal();
      removeEventListener("hashchange", leaveView);
      dialog.remove();
      opener?.focus?.();
      return resolve(result);
    });
    document.body.append(dialog);
    openDialog(dialog);
  });
}
return { panel };
});
handsel.define("radios.js", ["dom.js"], async ({ h }) => {
function radios(legend, name, options, chosen, { className = "", onChange = () => {} } = {}) {
  const element = h(
    "fieldset",
    { class: `radios ${className}`, on: { change: () => onChange(value()) } },
    h("legend", {}, legend),
    h("div", { class: "options" }, options.map((option) => card(name, option, chosen))),
  );
  function value() {
    return element.querySelector("input:checked")?.value ?? null;
  }
  const find = (wanted) => [...element.querySelectorAll("input")].find((each) => each.value === wanted);
  function choose(wanted, { focus = true } = {}) {
    const input = find(wanted);
    input.click();
    if (focus) input.focus();
  }
  function focus() {
    element.querySelector("input:checked").focus({ preventScroll: true });
  }
  function disable(wanted, isDisabled, text) {
    const input = find(wanted);
    input.disabled = isDisabled;
    input.closest("label").querySelector("small").textContent = text;
  }
  return { element, value, choose, focus, disable };
}

function card(name, { value, label, hint, image, theme, disabled }, chosen) {
  return h(
    "label",
    { class: "option", "data-theme": theme },
    h("input", { type: "radio", name, value, checked: value === chosen, disabled }),
    image && h("img", { src: image, alt: "", width: 1200, height: 630, loading: "lazy" }),
    h("span", { dir: "auto" }, label, hint && h("small", { dir: "auto" }, hint)),
  );
}
return { radios };
});
handsel.define("pay.js", ["api.js", "dom.js", "errors.js", "i18n.js", "panel.js", "products.js", "radios.js", "router.js", "ui.js"], async ({ call, create, discard, isRejected, Problem, resume, Unconfirmed }, { announce, fill, h }, { Explained }, { money, t }, { panel }, { notGiftable }, { radios }, { redraw }, { action }) => {
const METHOD = "card";
const TOKENS = ["tok_ok", "tok_declined", "tok_timeout"];
const SLOW_MS = 1_500;
const CLOCK_TOLERANCE_MS = 5_000;
const NEWEST_ORDERS = 20;

async function pay(product, quantity) {
  let hasChanged = false;
  const order = await payFor(product, quantity, async (terms) => {
    try {
      return await createPaid(`buy:${product.product_id}`, "/orders", { product_id: product.product_id, quantity, ...terms });
    } catch (error) {
      hasChanged ||= Boolean(error.total);
      throw error;
    }
  });
  if (!order) {
    if (hasChanged) redraw();
    return;
  }
  announce(t(`shop.order.${order.state}`));
  location.hash = `#/orders/${order.order_id}`;
}

async function createPaid(form, path, body) {
  try {
    return await create(form, path, body);
  } catch (error) {
    if (!(error instanceof Unconfirmed)) throw error;
    throw new Explained(t("shop.unfinished"), [
      { label: t("shop.finish_payment", purchaseOf(error.earlier)), before: () => resume(form) },
      { label: t("shop.start_over", purchaseOf(body)), before: () => startOver(error) },
    ]);
  }
}

const purchaseOf = ({ expected_total: total, quantity: count = 1 }) => ({ total: money(total), count });

async function startOver({ form, earlier, sentAt }) {
  const { items } = await call("GET", `/orders?limit=${NEWEST_ORDERS}`);
  const found = items.find(
    ({ product, quantity, created_at: at }) =>
      product.product_id === earlier.product_id &&
      quantity === (earlier.quantity ?? 1) &&
      Date.parse(at) >= sentAt - CLOCK_TOLERANCE_MS,
  );
  const order = found?.state === "pending" ? await cancelOrRead(found.order_id) : found;
  discard(form);
  if (order?.state !== "paid") return;
  throw new Explained(t("shop.last_is_paid", purchaseOf(earlier)), [{ label: t("shop.to_last_order"), href: `#/orders/${order.order_id}` }]);
}

async function cancelOrRead(id) {
  try {
    return await call("POST", `/orders/${id}/cancel`);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "not-cancellable") throw error;
    return call("GET", `/orders/${id}`);
  }
}

function payFor(product, quantity, buy) {
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
      !product.giftable && h("p", { class: "not-giftable gifting" }, notGiftable(product)),
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
        if (!isRejected(error) && !(error instanceof Explained)) cards.element.disabled = true;
        throw error;
      } finally {
        clearTimeout(timer);
        fill(waiting);
      }
    }
  });
}
return { pay, createPaid, payFor };
});
handsel.define("policy.js", ["api.js", "clock.js", "i18n.js"], async ({ call }, { now }, { span, t }) => {
const DAY_MS = 86_400_000;

let asked = null;

function currentPolicy() {
  asked ??= call("GET", "/meta/policy", { anonymous: true }).catch(() => {
    asked = null;
    return null;
  });
  return asked;
}

const isForbidden = ({ refusals }, rule) => refusals.some((each) => each.rule === rule);

async function rulesOf(order) {
  const current = await currentPolicy();
  const mayChoose = !isForbidden(order, "giver_may_choose");
  const { policy_id: id, version } = order.policy;
  if (!current || id !== current.policy_id || version !== current.version) return { window: null, atEnd: null, mayChoose };
  const { window, at_end: atEnd } = current.rules;
  const seconds = window.value[order.product.kind];
  return { window: isCut(order, seconds) ? null : seconds, atEnd: atEnd.value, mayChoose };
}

function voucherEnd({ product: { validity_days: days }, payment: { paid_at: paidAt } }) {
  return days === null ? null : Date.parse(paidAt) + days * DAY_MS;
}

function isCut(order, seconds) {
  const end = voucherEnd(order);
  return end !== null && end < now() + seconds * 1000;
}

function within(window) {
  return window === null ? t("shop.end.in_time") : t("shop.end.within", { time: span(window) });
}
return { currentPolicy, isForbidden, rulesOf, voucherEnd, within };
});
handsel.define("return_gift.js", ["api.js", "dom.js", "i18n.js"], async ({ call }, { fill, h }, { t }) => {
const MAX_SENT = 100;

async function findReturnGift(giftId) {
  const { items } = await call("GET", `/gifts?role=sent&limit=${MAX_SENT}`);
  return items.find((gift) => gift.in_return_for === giftId) ?? null;
}

function returnGift(giftId) {
  const place = h("div", { class: "return-gift" }, h("a", { class: "button main", href: `/#/return/${giftId}` }, t("gift.return_gift")));
  findReturnGift(giftId).then(
    (sent) => sent && fill(place, h("a", { class: "button", href: `/#/gifts/${sent.gift_id}` }, t("gift.return_gift_sent"))),
    () => {},
  );
  return place;
}
return { findReturnGift, returnGift };
});
handsel.define("message.js", ["i18n.js"], async ({ language }) => {
const MAX_CHARACTERS = 60;
const MAX_CODE_POINTS = 400;

function clean(text) {
  const line = text.normalize("NFC").replace(/[\r\n\t]+/g, " ").trim();
  return /[^\s\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u.test(line) ? line : "";
}

const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter(language, { granularity: "grapheme" });
const CHARACTER = /(?:\p{RI}{2}|.)(?:[\p{M}\p{Emoji_Modifier}\u200c\u{e0020}-\u{e007f}]|\u200d\p{Extended_Pictographic}?)*/gsu;

function countCharacters(text, segments = segmenter) {
  return (segments ? [...segments.segment(text)] : (text.match(CHARACTER) ?? [])).length;
}
return { MAX_CHARACTERS, MAX_CODE_POINTS, clean, countCharacters };
});
handsel.define("wrapping.js", ["api.js", "dom.js", "i18n.js", "message.js", "policy.js", "radios.js", "session.js"], async ({ call }, { fill, h, reachable }, { language, t }, { clean, countCharacters, MAX_CHARACTERS, MAX_CODE_POINTS }, { currentPolicy }, { radios }, { currentUser }) => {
const OWN = "own";

const translated = language === "zh" ? await handsel.load("wrapping_zh.js") : { themes: {}, covers: {}, blessings: {} };

async function wrapping(kind, draft = null) {
  const [{ themes, covers, blessings }, name, policy] = await Promise.all([call("GET", `/wrappings?kind=${kind}`), ownName(), currentPolicy()]);
  const preview = previewOf({ kind, name });
  const cover = coverChoice(themes, withCover(covers, draft?.cover), draft?.cover?.cover_id, draw);
  const blessing = blessingChoice(blessings, policy?.rules.message_length.value ?? MAX_CHARACTERS, draft, draw);
  function draw() {
    preview.draw(cover.value(), blessing.text());
  }
  draw();
  return {
    preview: preview.element,
    fields: [cover.element, blessing.element],
    check: blessing.check,
    value: () => ({ cover_id: cover.value().cover_id, ...blessing.value() }),
    explain: blessing.explain,
    draft: () => ({ cover: cover.value(), ...blessing.draft() }),
  };
}

function withCover(covers, cover) {
  if (!cover || covers.some((each) => each.cover_id === cover.cover_id)) return covers;
  return [{ title: t("shop.wrap.same_cover"), ...cover }, ...covers];
}

async function ownName() {
  const me = await call("GET", "/me").catch(() => null);
  return me?.display_name ?? currentUser()?.name ?? "";
}

function previewOf({ kind, name }) {
  const image = h("img", { alt: "", width: 1200, height: 630 });
  const text = h("p", { class: "blessing", dir: "auto" });
  const element = h(
    "figure",
    { class: `preview ${kind}`, "aria-label": t("shop.wrap.preview") },
    image,
    h("figcaption", {}, h("p", { class: "from" }, t("shop.wrap.from", { name })), text),
  );
  function draw(cover, blessing) {
    const url = reachable(cover.image_url);
    if (image.getAttribute("src") !== url) image.src = url;
    element.dataset.theme = cover.theme;
    fill(text, blessing);
  }
  return { element, draw };
}

function coverChoice(themes, covers, chosenId, onChange) {
  const place = h("div", {});
  const first = covers.find((each) => each.cover_id === chosenId) ?? covers[0];
  let choice;
  function show(theme, chosen) {
    const shown = covers.filter((each) => each.theme === theme);
    const options = shown.map((each) => ({ value: each.cover_id, label: translated.covers[each.cover_id] ?? each.title, image: each.image_url }));
    choice = radios(t("shop.wrap.cover"), "cover", options, chosen ?? options[0].value, { className: "covers", onChange });
    fill(place, choice.element);
  }
  function changed(theme) {
    show(theme);
    onChange();
  }
  show(first.theme, first.cover_id);
  const series =
    themes.length > 1 &&
    radios(
      t("shop.wrap.series"),
      "series",
      themes.map((each) => ({ value: each.theme_id, label: translated.themes[each.theme_id] ?? each.title, theme: each.theme_id })),
      first.theme,
      { className: "pills", onChange: changed },
    );
  return {
    element: h("div", {}, series && series.element, place),
    value: () => covers.find((each) => each.cover_id === choice.value()),
  };
}

function findDrafted(blessings, texts, draft) {
  const [first] = blessings;
  if (draft?.blessing in texts) return draft.blessing;
  if (!draft?.message) return first.blessing_id;
  const isSame = ({ blessing_id: id, text }) => [text, texts[id]].includes(draft.message);
  return (draft.blessing !== OWN && blessings.find(isSame)?.blessing_id) || OWN;
}

function blessingChoice(blessings, longest, draft, onChange) {
  const texts = Object.fromEntries(blessings.map((each) => [each.blessing_id, translated.blessings[each.blessing_id] ?? each.text]));
  const drafted = findDrafted(blessings, texts, draft);
  const counter = h("p", { class: "counter", id: "message-counter" });
  const error = h("p", { class: "wrong", id: "message-wrong", role: "alert" });
  const input = h("textarea", { name: "message", rows: 2, value: draft?.message ?? "", maxlength: 2 * MAX_CODE_POINTS, dir: "auto", "aria-describedby": "message-counter message-wrong", on: { input: typed } });
  const own = h("div", { class: "own", hidden: drafted !== OWN }, h("label", {}, t("shop.wrap.message"), input), counter, error);
  const choice = radios(
    t("shop.wrap.blessing"),
    "blessing",
    [{ value: OWN, label: t("shop.wrap.own") }, ...blessings.map((each) => ({ value: each.blessing_id, label: texts[each.blessing_id] }))],
    drafted,
    { className: "pills strip", onChange: chosen },
  );
  function chosen(value) {
    own.hidden = value !== OWN;
    if (value === OWN) input.focus();
    typed();
  }
  function typed() {
    const count = countCharacters(clean(input.value));
    fill(counter, t("shop.wrap.counter", { count, longest }));
    counter.classList.toggle("over", count > longest);
    if (errorIn(input.value) === "") showError("");
    onChange();
  }
  function errorIn(text) {
    const message = clean(text);
    const count = countCharacters(message);
    if (count === 0) return t("shop.wrap.no_message");
    if (count > longest) return t("shop.wrap.too_long", { over: count - longest });
    return [...message].length > MAX_CODE_POINTS ? t("shop.wrap.too_many_marks") : "";
  }
  function showError(text) {
    fill(error, text);
    input.setAttribute("aria-invalid", Boolean(text));
  }
  function check() {
    if (choice.value() !== OWN) return true;
    const found = errorIn(input.value);
    if (found !== "") reject(found);
    return found === "";
  }
  function reject(text) {
    showError(text);
    input.focus();
  }
  function explain({ code }) {
    if (choice.value() !== OWN || code !== "message-refused") return false;
    reject(t("shop.wrap.message_refused"));
    return true;
  }
  function value() {
    if (choice.value() === OWN) return { message: clean(input.value) };
    return choice.value() in translated.blessings ? { message: texts[choice.value()] } : { blessing_id: choice.value() };
  }
  fill(counter, t("shop.wrap.counter", { count: countCharacters(clean(input.value)), longest }));
  return {
    element: h("div", {}, choice.element, own),
    text: () => (choice.value() === OWN ? clean(input.value) : texts[choice.value()]),
    value,
    check,
    explain,
    draft: () => ({ blessing: choice.value(), message: input.value }),
  };
}
return { wrapping };
});
handsel.define("view_return.js", ["api.js", "dom.js", "errors.js", "i18n.js", "lists.js", "pay.js", "policy.js", "radios.js", "return_gift.js", "ui.js", "wrapping.js"], async ({ call }, { announce, config, fill, h }, { Explained }, { money, t }, { nothing }, { createPaid, payFor }, { within }, { radios }, { findReturnGift }, { runAction }, { wrapping }) => {
const MAX_PRODUCTS = 100;

async function view(main, { id }) {
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
return { view };
});
