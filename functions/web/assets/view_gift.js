// A gift, for its giver: the share link, the claims, what happens at the end, cancelling, and refunds where the giver can ask.

import { call } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { hasFeature } from "./features.js";
import { money, shownName, t, when } from "./i18n.js";
import { removeLink, savedLink } from "./links.js";
import { outcomeOf } from "./outcome.js";
import { panel } from "./panel.js";
import { contacts, findName, saveName } from "./people.js";
import { isForbidden } from "./policy.js";
import { redraw } from "./router.js";
import { statusOf } from "./timeline.js";
import { action, copy, countdown } from "./ui.js";
import { watch } from "./watch.js";

const MAX_OFFERED = 20;
const MAX_REQUESTS = 100;

export async function view(main, { id }) {
  const read = () => call("GET", `/gifts/${id}`);
  const here = location.hash;
  const gift = await read();
  if (gift.order_id === undefined) {
    // Other users see it on the gift page.
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

/** Return the name of a user for use in a sentence, also if it is not known. */
async function nameOf(id) {
  return (id && (await findName(id))) ?? t("shop.gift.a_friend");
}

/** The end of an open gift, with a button to change it. */
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
  const [{ endChoice }, offered] = await Promise.all([import("./end_choice.js"), contacts(MAX_OFFERED)]);
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

/** The outcome of a gift that is no longer open, with a link to the next step. */
function outcome(gift, nextName) {
  const { remaining, order_id: order, product, successor_gift_id: successor } = gift;
  const became = outcomeOf(gift);
  if (became === "claimed") return null;
  const total = money({ ...product.price, amount: product.price.amount * remaining });
  const next = became === "passed_on" && h("a", { href: `#/gifts/${successor}` }, t("shop.gift.see_successor"));
  const again = !["passed_on", "refunded"].includes(became) && h("a", { href: `#/orders/${order}` }, t(hasFeature("gifting") ? "shop.gift.give_again" : "shop.gift.use_again"));
  return h("p", {}, t(`shop.gift.${became}.text`, { count: remaining, name: nextName, total }), " ", next, again);
}

/** The share link, with buttons to share and to copy it. */
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
      // The user closed the dialog: nothing to report.
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

/** Return the refund requests of the user, by holding; none if the user cannot ask for this gift. */
async function findRequests(claims) {
  if (!claims.some((claim) => claim.holding_id)) return {};
  const { items } = await call("GET", `/refund-requests?limit=${MAX_REQUESTS}`);
  // The newest first: it replaces an earlier one that was withdrawn.
  return Object.fromEntries(items.toReversed().map((request) => [request.holding_id, request]));
}

/** A claim: by whom, when, the shipment's status of a parcel, and the way to a refund where the giver can ask for one. */
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
  const { askForRefund } = await import("./refunds.js");
  const asked = await askForRefund({ id, state: kind === "voucher" ? kind : status, holder: name || t("shop.gift.a_friend") });
  if (asked) location.hash = `#/refunds/${asked.refund_request_id}`;
}
