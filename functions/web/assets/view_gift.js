// A gift, for its giver: the share link, the claims, and cancelling.

import { call } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { t, when } from "./i18n.js";
import { removeLink, savedLink } from "./links.js";
import { panel } from "./panel.js";
import { redraw } from "./router.js";
import { statusOf } from "./timeline.js";
import { action, copy, countdown } from "./ui.js";
import { watch } from "./watch.js";

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
  const title = open && link && claims.length === 0 ? t("shop.gift.ready") : t(`shop.gift.${state}`);
  fill(
    main,
    h("h1", {}, title),
    h("figure", { class: "given-cover" }, h("img", { src: wrapping.image_url, alt: "", width: 1200, height: 630 }), h("figcaption", { class: "blessing", dir: "auto" }, wrapping.blessing)),
    h("p", { class: "what" }, h("strong", { dir: "auto" }, product.title), shares > 1 && ` · ${t("shop.shares_claimed", { claimed: shares - remaining, shares })}`),
    open && (named ? h("p", {}, t("shop.gift.in_inbox", { name: link?.recipient ?? t("shop.gift.a_friend") })) : share(link)),
    open && h("p", { class: "until" }, t("shop.gift.until", { time: when(end) }), " ", countdown(end)),
    !open && outcome(gift),
    claims.length > 0 && [
      h("h2", {}, t("shop.gift.opened_by")),
      h("ul", { class: "rows" }, claims.map(claimRow)),
    ],
    h(
      "div",
      { class: "more-ways" },
      h("a", { class: "button", href: `#/orders/${gift.order_id}` }, t("shop.gift.to_order")),
      open && h("button", { type: "button", class: "quiet", on: { click: () => cancel(id) } }, t("shop.gift.cancel")),
    ),
  );
  watch(main, read, gift, redraw);
  return title;
}

function outcome({ state, remaining, shares, order_id: order }) {
  if (state === "claimed") return null;
  return h("p", {}, t(`shop.gift.${state}.text`, { count: remaining, shares }), " ", h("a", { href: `#/orders/${order}` }, t("shop.gift.give_again")));
}

/** The share link, with buttons to share and to copy it. */
function share(link) {
  if (!link) return h("p", { class: "card" }, t("shop.gift.link_elsewhere"));
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

/** A claim: by whom, when, and the shipment's status of a parcel. */
function claimRow({ display_name: name, claimed_at: at, shipment_status: status }) {
  return h(
    "li",
    {},
    h("span", {}, h("bdi", {}, h("strong", {}, name)), status && ` · ${statusOf(status)}`),
    h("time", { class: "faint", datetime: at }, when(at)),
  );
}
