// Written by `make generate` from functions/web/assets; change it there.
handsel.define("links.js", ["clock.js", "dom.js", "session.js", "storage.js"], async ({ now }, { reachable }, { currentUser }, { LINKS, local }) => {
const ownKey = () => LINKS + currentUser()?.sub;

function openLinks(key) {
  return Object.fromEntries(Object.entries(local.getJson(key) ?? {}).filter(([, { until }]) => Date.parse(until) > now()));
}

function saveLink(gift) {
  for (const key of local.keys().filter((each) => each.startsWith(LINKS))) store(key, openLinks(key));
  const link = { url: reachable(gift.share_url), until: gift.expires_at };
  store(ownKey(), { ...openLinks(ownKey()), [gift.gift_id]: link });
}

function savedLink(giftId) {
  return openLinks(ownKey())[giftId];
}

function removeLink(giftId) {
  const { [giftId]: _, ...others } = openLinks(ownKey());
  store(ownKey(), others);
}

function store(key, links) {
  if (Object.keys(links).length > 0) local.setJson(key, links);
  else local.delete(key);
}
return { saveLink, savedLink, removeLink };
});
handsel.define("outcome.js", [], async () => {
function outcomeOf({ state, at_end: end, successor_gift_id: successor }) {
  if (state !== "returned") return state;
  if (successor) return "passed_on";
  return end.then === "refund" ? "refunded" : state;
}
return { outcomeOf };
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
handsel.define("people.js", ["api.js", "storage.js"], async ({ call }, { local }) => {
const STORAGE_KEY = "handsel.names";
const MAX_NAMES = 50;
const MAX_CONTACTS = 100;

async function contacts(limit = MAX_CONTACTS) {
  const { items } = await call("GET", `/people?limit=${limit}`).catch(() => ({ items: [] }));
  return items;
}

const storedNames = () => new Map(Object.entries(local.getJson(STORAGE_KEY) ?? {}));

function saveName({ user_id: id, display_name: name }) {
  const names = storedNames();
  names.delete(id);
  names.set(id, name);
  local.setJson(STORAGE_KEY, Object.fromEntries([...names].slice(-MAX_NAMES)));
}

async function findName(id) {
  const stored = storedNames().get(id);
  if (typeof stored === "string") return stored;
  return (await contacts()).find((each) => each.user_id === id)?.display_name ?? null;
}
return { contacts, saveName, findName };
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

function isCut({ product: { validity_days: days }, payment: { paid_at: paidAt } }, seconds) {
  return days !== null && Date.parse(paidAt) + days * DAY_MS < now() + seconds * 1000;
}

function within(window) {
  return window === null ? t("shop.end.in_time") : t("shop.end.within", { time: span(window) });
}
return { currentPolicy, isForbidden, rulesOf, within };
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
handsel.define("watch.js", [], async () => {
const POLL_MS = 5_000;

function watch(element, read, known, onChange) {
  const before = JSON.stringify(known);
  const timer = setInterval(async () => {
    if (!element.isConnected) return clearInterval(timer);
    if (document.visibilityState !== "visible" || document.querySelector("dialog[open]")) return;
    const found = await read().catch(() => known);
    if (!element.isConnected || JSON.stringify(found) === before) return;
    clearInterval(timer);
    onChange(found);
  }, POLL_MS);
}
return { watch };
});
handsel.define("view_gift.js", ["api.js", "dom.js", "features.js", "i18n.js", "links.js", "outcome.js", "panel.js", "people.js", "policy.js", "router.js", "timeline.js", "ui.js", "watch.js"], async ({ call }, { announce, fill, h }, { hasFeature }, { money, shownName, t, when }, { removeLink, savedLink }, { outcomeOf }, { panel }, { contacts, findName, saveName }, { isForbidden }, { redraw }, { statusOf }, { action, copy, countdown }, { watch }) => {
const MAX_OFFERED = 20;
const MAX_REQUESTS = 100;

async function view(main, { id }) {
  const read = () => call("GET", `/gifts/${id}`);
  const here = location.hash;
  const gift = await read();
  if (gift.order_id === undefined) {
    if (location.hash === here) location.replace(`/g/${id}`);
    return t("app");
  }
  const { state, product, wrapping, shares, remaining, recipient_id: named, claims, expires_at: end } = gift;
  const open = state === "open";
  const link = savedLink(id);
  if (!open) removeLink(id);
  const [name, nextName, asked] = await Promise.all([...[open ? named : null, gift.at_end.recipient_id].map(nameOf), findRequests(claims)]);
  const title = open && link && claims.length === 0 ? t("shop.gift.ready") : t(`shop.gift.${outcomeOf(gift)}`);
  const mayCancel = !isForbidden(gift, "giver_cancel");
  fill(
    main,
    h("h1", {}, title),
    h("figure", { class: "given-cover" }, h("img", { src: wrapping.image_url, alt: "", width: 1200, height: 630 }), h("figcaption", { class: "blessing", dir: "auto" }, wrapping.blessing)),
    h("p", { class: "what" }, h("strong", { dir: "auto" }, product.title), shares > 1 && ` · ${t("shop.shares_claimed", { claimed: shares - remaining, shares })}`),
    open && (named ? h("p", {}, t("shop.gift.in_inbox", { name })) : share(link, mayCancel)),
    open && h("p", { class: "until" }, t("shop.gift.until", { time: when(end) }), " ", countdown(end)),
    open && atEnd(gift, nextName),
    !open && outcome(gift, nextName),
    claims.length > 0 && [
      h("h2", {}, t("shop.gift.opened_by")),
      h("ul", { class: "rows" }, claims.map((claim) => claimRow(claim, product.kind, asked))),
    ],
    h(
      "div",
      { class: "more-ways" },
      h("a", { class: "button", href: `#/orders/${gift.order_id}` }, t("shop.gift.to_order")),
      open && mayCancel && h("button", { type: "button", class: "quiet", on: { click: () => cancel(id) } }, t("shop.gift.cancel")),
    ),
    open && !mayCancel && h("p", { class: "faint" }, t("rule.giver_cancel")),
  );
  watch(main, read, gift, redraw);
  return title;
}

async function nameOf(id) {
  return (id && (await findName(id))) ?? t("shop.gift.a_friend");
}

function atEnd(gift, nextName) {
  const { at_end: { then }, shares } = gift;
  const mayChange = !isForbidden(gift, "giver_may_choose");
  return h(
    "div",
    { class: "card at-end" },
    h("p", {}, t(`shop.end.will.${then}`, { name: nextName, shares })),
    mayChange && action(t("shop.end.change"), () => changeEnd(gift, nextName), { class: "link", "aria-label": t("shop.end.change_label") }),
  );
}

async function changeEnd({ gift_id: id, at_end: { then, recipient_id: nextId }, shares, recipient_id: firstId }, nextName) {
  const [{ endChoice }, offered] = await Promise.all([handsel.load("end_choice.js"), contacts(MAX_OFFERED)]);
  if (nextId && !offered.some((each) => each.user_id === nextId)) offered.unshift({ user_id: nextId, display_name: nextName });
  const isChanged = await panel(t("shop.end.title"), (close) => {
    const choice = endChoice({ contacts: offered, chosen: then, chosenId: nextId, window: null, shares, firstId: () => firstId });
    const save = async () => {
      if (!choice.check()) return;
      await choice.explained(() => call("PUT", `/gifts/${id}/at-end`, { body: choice.value() }));
      if (choice.person()) saveName(choice.person());
      close(true);
    };
    return [choice.element, action(t("shop.end.save"), save, { class: "main" })];
  });
  if (!isChanged) return;
  redraw();
  announce(t("shop.end.saved"));
}

function outcome(gift, nextName) {
  const { remaining, order_id: order, product, successor_gift_id: successor } = gift;
  const became = outcomeOf(gift);
  if (became === "claimed") return null;
  const total = money({ ...product.price, amount: product.price.amount * remaining });
  const next = became === "passed_on" && h("a", { href: `#/gifts/${successor}` }, t("shop.gift.see_successor"));
  const again = !["passed_on", "refunded"].includes(became) && h("a", { href: `#/orders/${order}` }, t(hasFeature("gifting") ? "shop.gift.give_again" : "shop.gift.use_again"));
  return h("p", {}, t(`shop.gift.${became}.text`, { count: remaining, name: nextName, total }), " ", next, again);
}

function share(link, mayCancel) {
  if (!link) return h("p", { class: "card" }, t("shop.gift.link_elsewhere"), " ", mayCancel && t("shop.gift.link_lost"));
  const field = h("input", { readonly: true, translate: "no", value: link.url, "aria-label": t("shop.gift.link"), on: { focus: () => field.select() } });
  const copyButton = h("button", { type: "button", class: navigator.share ? "" : "main", on: { click: copyLink } }, t("shop.gift.copy"));
  async function copyLink() {
    if (await copy(link.url)) fill(copyButton, t("copied"));
    else field.focus();
  }
  async function send() {
    try {
      await navigator.share({ title: t("shop.gift.share_title"), text: t("shop.gift.share_text"), url: link.url });
    } catch (error) {
      if (error.name !== "AbortError") field.focus();
    }
  }
  return h(
    "section",
    { class: "card share", "aria-label": t("shop.gift.share") },
    h("p", {}, t("shop.gift.send_link")),
    field,
    navigator.share && h("button", { type: "button", class: "main", on: { click: send } }, t("shop.gift.share")),
    copyButton,
  );
}

async function cancel(id) {
  const cancelled = await panel(t("shop.gift.cancel"), (close) => [
    h("p", {}, t("shop.gift.cancel_hint")),
    action(t("shop.gift.cancel_now"), async () => close(await call("POST", `/gifts/${id}/cancel`)), { class: "main" }),
  ]);
  if (!cancelled) return;
  redraw();
  announce(t("shop.gift.cancelled"));
}

async function findRequests(claims) {
  if (!claims.some((claim) => claim.holding_id)) return {};
  const { items } = await call("GET", `/refund-requests?limit=${MAX_REQUESTS}`);
  return Object.fromEntries(items.toReversed().map((request) => [request.holding_id, request]));
}

function claimRow(claim, kind, asked) {
  const { display_name: name, claimed_at: at, shipment_status: status, holding_id: id } = claim;
  const request = asked[id];
  return h(
    "li",
    {},
    h("span", {}, h("bdi", {}, h("strong", {}, shownName(name))), status && ` · ${statusOf(status)}`),
    h("time", { class: "faint", datetime: at }, when(at)),
    request && h("span", { class: "ask" }, h("a", { href: `#/refunds/${request.refund_request_id}` }, t(`refund.${request.state}`))),
    id && (!request || request.state === "withdrawn") && h("div", { class: "ask" }, action(t("refund.ask"), () => askFor(claim, kind), { class: "link" })),
  );
}

async function askFor({ holding_id: id, display_name: name, shipment_status: status }, kind) {
  const { askForRefund } = await handsel.load("refunds.js");
  const asked = await askForRefund({ id, state: kind === "voucher" ? kind : status, holder: name || t("shop.gift.a_friend") });
  if (asked) location.hash = `#/refunds/${asked.refund_request_id}`;
}
return { view };
});
