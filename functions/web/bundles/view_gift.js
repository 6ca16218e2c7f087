// Written by `make generate` from functions/web/assets; change it there.
handsel.define("drafts.js", ["storage.js"], async ({ local }) => {
const STORAGE_KEY = "handsel.drafts";
const MAX_DRAFTS = 10;

const drafts = () => local.getJson(STORAGE_KEY) ?? {};

const findDraft = (orderId) => drafts()[orderId] ?? null;

function saveDraft(orderId, draft) {
  const { [orderId]: _, ...others } = drafts();
  local.setJson(STORAGE_KEY, Object.fromEntries([...Object.entries(others), [orderId, draft]].slice(-MAX_DRAFTS)));
}

function removeDraft(orderId) {
  const { [orderId]: _, ...others } = drafts();
  if (Object.keys(others).length > 0) local.setJson(STORAGE_KEY, others);
  else local.delete(STORAGE_KEY);
}
return { findDraft, saveDraft, removeDraft };
});
handsel.define("gift_timeline.js", ["api.js", "dom.js", "i18n.js"], async ({ call }, { fill, h }, { has, t, when }) => {
function giftTimeline(giftId, { isGiver = false } = {}) {
  const steps = h("ol", { class: "timeline" });
  const section = h("section", { class: "card story", "aria-labelledby": "story-title" }, h("h2", { id: "story-title" }, t("timeline.title")), steps);
  section.hidden = true;
  call("GET", `/gifts/${giftId}/timeline`).then(
    ({ items }) => {
      const known = items.filter(({ kind }) => has(`timeline.${kind}`));
      if (known.length === 0) return section.remove();
      fill(steps, known.map((item, index) => step(item, isGiver, index === known.length - 1)));
      section.hidden = false;
    },
    () => section.remove(),
  );
  return section;
}

function step({ kind, at, display_name: name, message, gift_id: other }, isGiver, isLatest) {
  const words = textOf(kind, name, isGiver);
  const href = isGiver ? `/g/${other}` : `/#/gifts/${other}`;
  return h(
    "li",
    { "aria-current": isLatest && "step" },
    h("strong", {}, other ? h("a", { href }, words) : words),
    message && h("q", { dir: "auto" }, message),
    h("time", { class: "faint", datetime: at }, when(at)),
  );
}

function textOf(kind, name, isGiver) {
  const side = isGiver && has(`timeline.${kind}.giver`) ? ".giver" : "";
  return name && has(`timeline.${kind}${side}.named`) ? t(`timeline.${kind}${side}.named`, { name }) : t(`timeline.${kind}${side}`);
}
return { giftTimeline };
});
handsel.define("links.js", ["clock.js", "dom.js", "session.js", "storage.js"], async ({ now }, { reachable }, { currentUser }, { LINKS, local }) => {
const ownKey = () => LINKS + currentUser()?.sub;

function openLinks(key) {
  return Object.fromEntries(Object.entries(local.getJson(key) ?? {}).filter(([, { until }]) => Date.parse(until) > now()));
}

function saveLink(gift) {
  for (const key of local.keys().filter((each) => each.startsWith(LINKS))) store(key, openLinks(key));
  const link = { url: reachable(gift.share_url), until: gift.expires_at, version: gift.link_version ?? 0 };
  store(ownKey(), { ...openLinks(ownKey()), [gift.gift_id]: link });
}

function savedLink({ gift_id: id, expires_at: until, link_version: current }) {
  const links = local.getJson(ownKey()) ?? {};
  const saved = links[id];
  if (!saved) return undefined;
  const { url, version = 0 } = saved;
  if (version !== (current ?? 0)) {
    removeLink(id);
    return undefined;
  }
  if (until !== saved.until) store(ownKey(), { ...links, [id]: { ...saved, until } });
  return url;
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
handsel.define("view_gift.js", ["api.js", "clock.js", "dom.js", "drafts.js", "features.js", "gift_timeline.js", "i18n.js", "links.js", "outcome.js", "people.js", "policy.js", "router.js", "timeline.js", "ui.js", "watch.js"], async ({ call }, { now }, { fill, h }, { saveDraft }, { hasFeature }, { giftTimeline }, { money, shownName, t, when }, { removeLink, savedLink }, { outcomeOf }, { findName, saveName }, { isForbidden }, { redraw }, { statusOf }, { action, countdown }, { watch }) => {
const MAX_REQUESTS = 100;
const REMIND_AFTER_MS = 6 * 3_600_000;
const handOf = async () => {
  const [hand, { shareSheet }] = await Promise.all([handsel.load("gift_hand.js"), handsel.load("share_sheet.js")]);
  return { ...hand, shareSheet };
};

async function view(main, { id }) {
  const read = () => call("GET", `/gifts/${id}`);
  const here = location.hash;
  const gift = await read();
  if (gift.order_id === undefined) {
    if (location.hash === here) location.replace(`/g/${id}`);
    return t("app");
  }
  const { state, product, wrapping, shares, remaining, recipient_id: named, claims } = gift;
  const isPending = ["open", "scheduled"].includes(state);
  const link = isPending ? savedLink(gift) : null;
  if (!isPending) removeLink(id);
  const [name, nextName, asked, hand] = await Promise.all([...[named, gift.at_end.recipient_id].map(nameOf), findRequests(claims), isPending && handOf()]);
  const title = state === "open" && link && claims.length === 0 ? t("shop.gift.ready") : t(`shop.gift.${outcomeOf(gift)}`);
  fill(
    main,
    h("h1", {}, title),
    h("figure", { class: "given-cover" }, h("img", { src: wrapping.image_url, alt: "", width: 1200, height: 630 }), h("figcaption", { class: "blessing", dir: "auto" }, wrapping.blessing)),
    h("p", { class: "what" }, h("strong", { dir: "auto" }, product.title), shares > 1 && ` · ${t("shop.shares_claimed", { claimed: shares - remaining, shares })}`),
    isPending ? pending(gift, { link, name, nextName, hand }) : outcome(gift, { name, nextName }),
    claims.length > 0 && [
      h("h2", {}, t("shop.gift.opened_by")),
      h("ul", { class: "rows" }, claims.map((claim) => claimRow(claim, product.kind, asked))),
    ],
    isPending ? ways(gift, name, hand) : h("div", { class: "more-ways" }, toOrder(gift)),
    giftTimeline(id, { isGiver: true }),
  );
  watch(main, read, gift, redraw);
  return title;
}

function pending(gift, { link, name, nextName, hand }) {
  const { state, recipient_id: named, opens_at: opensAt, expires_at: end } = gift;
  const isScheduled = state === "scheduled";
  return [
    isScheduled && h("p", { class: "card scheduled" }, h("strong", {}, t("shop.gift.opens", { time: when(opensAt) })), " ", t(named ? "shop.gift.opens_inbox" : "shop.gift.opens_link", { name })),
    named ? !isScheduled && h("p", { class: "inbox" }, t("shop.gift.in_inbox", { name }), " ", seen(gift)) : [sending(gift, link, hand), !isScheduled && seen(gift)],
    h("p", { class: "until" }, t("shop.gift.until", { time: when(end) }), " ", !isScheduled && countdown(end)),
    atEnd(gift, nextName, hand),
  ];
}

function seen({ shares, claims, opened_at: at, opened_count: count }) {
  if (shares > 1 && count > claims.length) return h("p", { class: "seen" }, t("shop.gift.opened_count", { count }));
  return at && shares === 1 && h("p", { class: "seen" }, t("shop.gift.opened_at", { time: when(at) }));
}

function sending(gift, link, hand) {
  const renew = may(gift, "make_link") && hand.newLink(gift, Boolean(link));
  if (link) return hand.shareSheet(gift, link, renew);
  return h("section", { class: "card share" }, h("p", {}, t("shop.gift.link_elsewhere")), renew);
}

const may = ({ actions = [] }, name) => actions.includes(name);

function ways(gift, name, hand) {
  const mayCancel = !isForbidden(gift, "giver_cancel");
  return [
    h(
      "div",
      { class: "more-ways" },
      may(gift, "remind") && hand.remind(gift, name),
      may(gift, "change_recipient") && hand.changeRecipient(gift, name),
      may(gift, "extend") && hand.extend(gift),
      toOrder(gift),
      mayCancel && hand.cancel(gift),
    ),
    reminders(gift),
    !mayCancel && h("p", { class: "faint" }, t("rule.giver_cancel")),
  ];
}

function reminders({ state, reminded_at: times = [] }) {
  if (state !== "open" || times.length === 0) return null;
  const next = Date.parse(times.at(-1)) + REMIND_AFTER_MS;
  const text = times.length > 1 ? t("shop.gift.reminded_twice") : next > now() && t("shop.gift.remind_from", { time: when(next) });
  return text && h("p", { class: "faint" }, text);
}

const toOrder = ({ order_id: order }) => h("a", { class: "button", href: `#/orders/${order}` }, t("shop.gift.to_order"));

async function nameOf(id) {
  return (id && (await findName(id))) ?? t("shop.gift.a_friend");
}

function atEnd(gift, nextName, hand) {
  const { at_end: { then }, shares } = gift;
  return h(
    "div",
    { class: "card at-end" },
    h("p", {}, t(`shop.end.will.${then}`, { name: nextName, shares })),
    !isForbidden(gift, "giver_may_choose") && hand.changeEnd(gift, nextName),
  );
}

function outcome(gift, { name, nextName }) {
  const { remaining, order_id: order, product, successor_gift_id: successor } = gift;
  const became = outcomeOf(gift);
  if (became === "claimed") return null;
  const total = money({ ...product.price, amount: product.price.amount * remaining });
  const next = became === "passed_on" && h("a", { href: `#/gifts/${successor}` }, t("shop.gift.see_successor"));
  const isBack = !["passed_on", "refunded"].includes(became);
  const again = isBack && h("a", { href: `#/orders/${order}` }, t(hasFeature("gifting") ? "shop.gift.give_again" : "shop.gift.use_again"));
  return [h("p", {}, t(`shop.gift.${became}.text`, { count: remaining, name: nextName, total }), " ", next, again), isBack && repeating(gift, name)];
}

function repeating(gift, name) {
  const { recipient_id: named, asked_again: asked, state } = gift;
  const people = asked ?? [];
  const others = state === "returned" && named && people.length === 0 ? [{ user_id: named, display_name: name }] : [];
  if (people.length + others.length === 0 || !hasFeature("gifting")) return null;
  const button = (person) => h("button", { type: "button", class: "main", on: { click: () => giveAgain(gift, person) } }, t("shop.gift.give_again_to", { name: shownName(person.display_name) || t("shop.gift.a_friend") }));
  const row = (person) =>
    h(
      "li",
      {},
      h("span", {}, h("bdi", {}, h("strong", {}, shownName(person.display_name))), person.handle && h("span", { class: "faint", translate: "no" }, ` @${person.handle}`)),
      h("time", { class: "faint", datetime: person.at }, when(person.at)),
      h("div", { class: "ask" }, button(person)),
    );
  return [people.length > 0 && [h("h2", {}, t("shop.gift.asked_again")), h("ul", { class: "rows" }, people.map(row))], others.map(button)];
}

function giveAgain({ order_id: order, wrapping: { cover_id, image_url, theme, blessing } }, person) {
  const { user_id, display_name, handle = null } = person;
  saveName(person);
  saveDraft(order, {
    isRepeated: true,
    recipient: { to: "friend", person: { user_id, display_name, handle } },
    wrapping: { cover: { cover_id, image_url, theme }, blessing: null, message: blessing },
  });
  location.hash = `#/orders/${order}/wrap`;
}

async function findRequests(claims) {
  if (!claims.some((claim) => claim.holding_id)) return {};
  const { items } = await call("GET", `/refund-requests?limit=${MAX_REQUESTS}`);
  return Object.fromEntries(items.toReversed().map((request) => [request.holding_id, request]));
}

function claimRow(claim, kind, asked) {
  const { display_name: name, claimed_at: at, shipment_status: status, holding_id: id, thanks } = claim;
  const request = asked[id];
  return h(
    "li",
    {},
    h("span", {}, h("bdi", {}, h("strong", {}, shownName(name))), status && ` · ${statusOf(status)}`),
    h("time", { class: "faint", datetime: at }, when(at)),
    thanks && h("div", { class: "ask thanks" }, t("shop.gift.thanks"), " ", thanks.message && h("q", { dir: "auto" }, thanks.message)),
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
