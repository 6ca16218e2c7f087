// A gift, for its giver: how to send it, the claims, what the giver can do, what became of it, and refunds where the giver can ask.

import { call } from "./api.js";
import { now } from "./clock.js";
import { fill, h } from "./dom.js";
import { saveDraft } from "./drafts.js";
import { hasFeature } from "./features.js";
import { giftTimeline } from "./gift_timeline.js";
import { money, shownName, t, when } from "./i18n.js";
import { removeLink, savedLink } from "./links.js";
import { outcomeOf } from "./outcome.js";
import { findName, saveName } from "./people.js";
import { isForbidden } from "./policy.js";
import { redraw } from "./router.js";
import { statusOf } from "./timeline.js";
import { action, countdown } from "./ui.js";
import { watch } from "./watch.js";

const MAX_REQUESTS = 100;
// The API sends a second reminder this long after the first.
const REMIND_AFTER_MS = 6 * 3_600_000;
// What is only needed for a gift that nobody claimed yet is loaded then.
const handOf = async () => {
  const [hand, { shareSheet }] = await Promise.all([import("./gift_hand.js"), import("./share_sheet.js")]);
  return { ...hand, shareSheet };
};

export async function view(main, { id }) {
  const read = () => call("GET", `/gifts/${id}`);
  const here = location.hash;
  const gift = await read();
  if (gift.order_id === undefined) {
    // Other users see it on the gift page.
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

/** A gift that can be claimed, now or later: how to send it, when, and what happens at its end. */
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

/** Whether the gift was opened, although it is not claimed. */
function seen({ shares, claims, opened_at: at, opened_count: count }) {
  if (shares > 1 && count > claims.length) return h("p", { class: "seen" }, t("shop.gift.opened_count", { count }));
  return at && shares === 1 && h("p", { class: "seen" }, t("shop.gift.opened_at", { time: when(at) }));
}

/** The share link, with the ways to send it. If it is not on this device, a new one can be made. */
function sending(gift, link, hand) {
  const renew = may(gift, "make_link") && hand.newLink(gift, Boolean(link));
  if (link) return hand.shareSheet(gift, link, renew);
  return h("section", { class: "card share" }, h("p", {}, t("shop.gift.link_elsewhere")), renew);
}

/** Return whether the giver can do something with the gift now. */
const may = ({ actions = [] }, name) => actions.includes(name);

/** What the giver can do with a gift that is not claimed. */
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

/** When the giver can remind the recipient again, or that they cannot. */
function reminders({ state, reminded_at: times = [] }) {
  if (state !== "open" || times.length === 0) return null;
  const next = Date.parse(times.at(-1)) + REMIND_AFTER_MS;
  const text = times.length > 1 ? t("shop.gift.reminded_twice") : next > now() && t("shop.gift.remind_from", { time: when(next) });
  return text && h("p", { class: "faint" }, text);
}

const toOrder = ({ order_id: order }) => h("a", { class: "button", href: `#/orders/${order}` }, t("shop.gift.to_order"));

/** Return the name of a user for use in a sentence, also if it is not known. */
async function nameOf(id) {
  return (id && (await findName(id))) ?? t("shop.gift.a_friend");
}

/** The end of a gift that is not claimed, with a button to change it. */
function atEnd(gift, nextName, hand) {
  const { at_end: { then }, shares } = gift;
  return h(
    "div",
    { class: "card at-end" },
    h("p", {}, t(`shop.end.will.${then}`, { name: nextName, shares })),
    !isForbidden(gift, "giver_may_choose") && hand.changeEnd(gift, nextName),
  );
}

/** The outcome of a gift that has ended, with a link to the next step. */
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

/** Who asked for a gift again, and the way to give them the same one: its wrapping is kept. */
function repeating(gift, name) {
  const { recipient_id: named, asked_again: asked, state } = gift;
  const people = asked ?? [];
  // Nobody asked: the recipient of a gift that expired can get it all the same.
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

/** Open the wrapping editor with the wrapping of a gift, for a person. */
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

/** Return the refund requests of the user, by holding; none if the user cannot ask for this gift. */
async function findRequests(claims) {
  if (!claims.some((claim) => claim.holding_id)) return {};
  const { items } = await call("GET", `/refund-requests?limit=${MAX_REQUESTS}`);
  // The newest first: it replaces an earlier one that was withdrawn.
  return Object.fromEntries(items.toReversed().map((request) => [request.holding_id, request]));
}

/** A claim: by whom, when, their thanks, the shipment's status of a parcel, and the way to a refund where the giver can ask for one. */
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
  const { askForRefund } = await import("./refunds.js");
  const asked = await askForRefund({ id, state: kind === "voucher" ? kind : status, holder: name || t("shop.gift.a_friend") });
  if (asked) location.hash = `#/refunds/${asked.refund_request_id}`;
}
