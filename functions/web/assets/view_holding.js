// A holding: a voucher with its code, or a parcel with its shipment; and the way to a refund of it.

import { call, create } from "./api.js";
import { now } from "./clock.js";
import { announce, fill, h } from "./dom.js";
import { isKnown, remember } from "./firsts.js";
import { t, when } from "./i18n.js";
import { panel } from "./panel.js";
import { currentPolicy } from "./policy.js";
import { askForRefund, hint, progress } from "./refunds.js";
import { returnGift } from "./return_gift.js";
import { redraw } from "./router.js";
import { fact, statusOf, timeline } from "./timeline.js";
import { action, copyButton } from "./ui.js";
import { watch } from "./watch.js";

const DAY_MS = 86_400_000;
// Statuses of a shipment that end before delivery.
const NEVER_DELIVERED = ["returned", "lost", "cancelled"];

export async function view(main, { id }) {
  const read = () => call("GET", `/holdings/${id}`);
  const holding = await read();
  const { gift_id: giftId, kind, state, shipment_id: shipmentId } = holding;
  const isVoucher = kind === "voucher";
  const [gift, policy, shown] = await Promise.all([
    giftId && call("GET", `/gifts/${giftId}`),
    // It says when the store is late, and what the end of a voucher means.
    ["ready_to_ship", "expired"].includes(state) && currentPolicy(),
    isVoucher ? state === "usable" && qr(id) : call("GET", `/shipments/${shipmentId}`),
  ]);
  const body = isVoucher ? voucher(holding, shown, gift, policy) : parcel(holding, shown);
  const request = holding.refund_request && progress(holding.refund_request, { giver: giverOf(gift) }, redraw);
  fill(main, body, request, gift && given(gift), holding.actions.includes("request_refund") && asking(holding, gift, policy));
  watch(main, read, holding, redraw);
  return titleOf(holding);
}

/** Return the name of the giver of a gift, or null if it is no gift. */
const giverOf = (gift) => gift && (gift.giver_name ?? t("someone"));

function titleOf({ product, store_name: store }) {
  return product?.title ?? t("center.parcel_from", { store });
}

/** The way to ask for a refund. The holder of a gift sees no amount. */
function asking(holding, gift, policy) {
  const { holding_id: id, kind } = holding;
  const giver = giverOf(gift);
  const state = kind === "voucher" ? kind : holding.state;
  const isLate = state === "ready_to_ship" && hasWaited(holding, policy);
  const ask = async () => {
    const asked = await askForRefund({ id, state, giver, reason: isLate ? "not_shipped" : null });
    if (!asked) return;
    redraw();
    announce(t(`refund.${asked.state}`));
  };
  return h("div", { class: "card refund" }, h("p", {}, hint(state, isLate)), h("button", { type: "button", on: { click: ask } }, t("refund.ask")));
}

/** Return whether the store should have shipped a parcel by now. */
function hasWaited({ received_at: since }, policy) {
  return policy && Date.parse(since) + policy.rules.ship_by_days.value * DAY_MS <= now();
}

function voucher(holding, picture, gift, policy) {
  const { holding_id: id, product, store_name: store, code, state, valid_until: until, actions } = holding;
  const usable = state === "usable";
  return h(
    "article",
    { class: usable ? "ticket" : "ticket over" },
    h(
      "header",
      {},
      product.image_url && h("img", { src: product.image_url, alt: "" }),
      h("div", {}, h("h1", { dir: "auto" }, product.title), h("p", { dir: "auto" }, store)),
      h("span", { class: `badge ${usable ? "good" : ""}` }, t(`center.voucher.${state}`)),
    ),
    h(
      "div",
      { class: "stub" },
      picture,
      h("p", { class: "unseen" }, t("center.code")),
      h("p", { class: "code", translate: "no" }, groups(code)),
      usable && copyButton(code, t("center.copy_code")),
      usable && h("p", { class: "faint" }, t("center.show_it")),
    ),
    state === "expired" && policy && h("p", {}, whatEndMeans(policy.rules.voucher_end.value, gift)),
    actions.includes("extend") && action(t("center.extend"), () => extend(id)),
    h(
      "dl",
      { class: "facts" },
      product.redeem_at && fact(t("center.where"), h("bdi", {}, product.redeem_at)),
      state !== "refunded" && fact(t(state === "expired" ? "center.expired_at" : "center.valid_until"), until ? when(until) : t("center.no_expiry")),
      fact(t("center.received_at"), when(holding.received_at)),
    ),
    product.description && h("p", { class: "faint", dir: "auto" }, product.description),
  );
}

/** Return what became of the price of a voucher that nobody used in time. */
function whatEndMeans(rule, gift) {
  return gift && rule === "refund_payer" ? t("center.ended.giver", { name: giverOf(gift) }) : t(`center.ended.${rule}`);
}

async function extend(id) {
  const { valid_until: until } = await create(`extend:${id}`, `/holdings/${id}/extend`, {});
  redraw();
  announce(t("center.extended", { time: when(until) }));
}

/** A code in groups of four, separated by spaces when copied. */
function groups(code) {
  return code.match(/.{1,4}/g).flatMap((group, index) => [index > 0 && " ", h("span", {}, group)]);
}

/** The QR code, or null if it cannot be loaded: the code is also shown as text. */
async function qr(id) {
  const picture = await call("GET", `/holdings/${id}/qr`, { as: "blob" }).catch(() => null);
  if (!picture) return null;
  const url = URL.createObjectURL(picture);
  const free = () => URL.revokeObjectURL(url);
  return h("img", { class: "qr", src: url, alt: t("center.qr"), width: 180, height: 180, on: { load: free, error: free } });
}

function parcel(holding, first) {
  const { shipment_id: id, product, quantity, store_name: store } = holding;
  const shown = h("div", {});
  const draw = (shipment) => fill(shown, timeline(shipment), shipment.status === "ready_to_ship" && correction(shipment, draw));
  draw(first);
  const refresh = action(
    t("center.refresh"),
    async () => {
      const shipment = await call("GET", `/shipments/${id}`);
      draw(shipment);
      announce(statusOf(shipment.status));
    },
    { class: "quiet" },
  );
  // It opens when it has arrived, the first time that it is seen on this device.
  const arrives = product && holding.gift_id && !isKnown("arrived", holding.holding_id);
  if (arrives) remember("arrived", holding.holding_id);
  return h(
    "article",
    { class: "parcel" },
    arrives && h("p", { class: "arrived", role: "status" }, t("gift.parcel_arrived")),
    h(
      "header",
      { class: arrives ? "card content arriving" : "card content" },
      product?.image_url ? h("img", { src: product.image_url, alt: "" }) : h("span", { class: "secret", "aria-hidden": "true" }, "?"),
      h(
        "div",
        {},
        h("h1", { dir: "auto" }, titleOf(holding)),
        h("p", {}, product ? [h("bdi", {}, store), ` · ${t("center.quantity", { count: quantity })}`] : !NEVER_DELIVERED.includes(holding.state) && t("center.surprise")),
        product?.description && h("p", { class: "faint", dir: "auto" }, product.description),
      ),
    ),
    h("div", { class: "card" }, shown, refresh),
  );
}

/** A button to correct the address, which is possible until the parcel leaves the store. */
function correction({ shipment_id: id, address }, draw) {
  const correct = async () => {
    const { addressForm } = await import("./gift_address.js");
    const corrected = await panel(t("center.correct_address"), (close) => {
      const send = async (body) => close(await call("PUT", `/shipments/${id}/address`, { body }));
      return addressForm(t("center.save_address"), send, { address, at: "" });
    });
    if (corrected) draw(corrected);
  };
  return action(t("center.correct_address"), correct, { class: "quiet" });
}

/** The giver and the blessing, with a link to send a return gift. */
function given(gift) {
  const { gift_id: id, giver_name: name, wrapping } = gift;
  return h(
    "section",
    { class: "card given" },
    h("img", { src: wrapping.image_url, alt: "" }),
    h("h2", {}, t("center.from", { name })),
    h("p", { class: "blessing", dir: "auto" }, wrapping.blessing),
    returnGift(id),
    h("a", { class: "see", href: `/g/${id}` }, t("center.see_gift")),
  );
}
