// A gift to its giver: the link to send, who opened it, and taking it back.

import { call } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { t, when } from "./i18n.js";
import { dropLink, linkOf } from "./links.js";
import { panel } from "./panel.js";
import { again } from "./router.js";
import { statusOf } from "./timeline.js";
import { action, copy, countdown } from "./ui.js";
import { watch } from "./watch.js";

export async function view(main, { id }) {
  const read = () => call("GET", `/gifts/${id}`);
  const here = location.hash;
  const gift = await read();
  if (gift.order_id === undefined) {
    // To everybody else it is on its own page.
    if (location.hash === here) location.replace(`/g/${id}`);
    return t("app");
  }
  const { state, product, wrapping, shares, remaining, recipient_id: named, claims, expires_at: end } = gift;
  const open = state === "open";
  const link = linkOf(id);
  if (!open) dropLink(id);
  const title = open && link && claims.length === 0 ? t("shop.gift.ready") : t(`shop.gift.${state}`);
  fill(
    main,
    h("h1", {}, title),
    h("figure", { class: "given-cover" }, h("img", { src: wrapping.image_url, alt: "", width: 1200, height: 630 }), h("figcaption", { class: "blessing" }, wrapping.blessing)),
    h("p", { class: "what" }, h("strong", {}, product.title), shares > 1 && ` · ${t("shop.shares_taken", { taken: shares - remaining, shares })}`),
    open && (named ? h("p", {}, t("shop.gift.in_inbox", { name: link?.recipient ?? t("shop.gift.a_friend") })) : share(link)),
    open && h("p", { class: "until" }, t("shop.gift.until", { time: when(end) }), " ", countdown(end)),
    !open && ends(gift),
    claims.length > 0 && [
      h("h2", {}, t("shop.gift.opened_by")),
      h("ul", { class: "rows" }, claims.map(taken)),
    ],
    h(
      "div",
      { class: "more-ways" },
      h("a", { class: "button", href: `#/orders/${gift.order_id}` }, t("shop.gift.to_order")),
      open && h("button", { type: "button", class: "quiet", on: { click: () => cancel(id) } }, t("shop.gift.cancel")),
    ),
  );
  watch(main, read, gift, again);
  return title;
}

function ends({ state, remaining, shares, order_id: order }) {
  if (state === "claimed") return null;
  return h("p", {}, t(`shop.gift.${state}_says`, { count: remaining, shares }), " ", h("a", { href: `#/orders/${order}` }, t("shop.gift.give_again")));
}

/** The link, and the ways to send it. */
function share(link) {
  if (!link) return h("p", { class: "card" }, t("shop.gift.link_elsewhere"));
  const field = h("input", { readonly: true, value: link.url, "aria-label": t("shop.gift.link"), on: { focus: () => field.select() } });
  const copied = h("button", { type: "button", class: navigator.share ? "" : "main", on: { click: take } }, t("shop.gift.copy"));
  async function take() {
    if (await copy(link.url)) fill(copied, t("copied"));
    else field.focus();
  }
  async function send() {
    try {
      await navigator.share({ title: t("shop.gift.share_title"), text: t("shop.gift.share_text"), url: link.url });
    } catch (error) {
      // Who thought better of it has sent nothing, and there is nothing to say.
      if (error.name !== "AbortError") field.focus();
    }
  }
  return h(
    "section",
    { class: "card share", "aria-label": t("shop.gift.share") },
    h("p", {}, t("shop.gift.send_link")),
    field,
    navigator.share && h("button", { type: "button", class: "main", on: { click: send } }, t("shop.gift.share")),
    copied,
  );
}

async function cancel(id) {
  const cancelled = await panel(t("shop.gift.cancel"), (close) => [
    h("p", {}, t("shop.gift.cancel_says")),
    action(t("shop.gift.cancel_now"), async () => close(await call("POST", `/gifts/${id}/cancel`)), { class: "main" }),
  ]);
  if (!cancelled) return;
  again();
  announce(t("shop.gift.cancelled"));
}

/** Who opened it, and when; of a parcel, how far it is. */
function taken({ display_name: name, claimed_at: at, shipment_status: status }) {
  return h(
    "li",
    {},
    h("span", {}, h("strong", {}, name), status && ` · ${statusOf(status)}`),
    h("time", { class: "faint", datetime: at }, when(at)),
  );
}
