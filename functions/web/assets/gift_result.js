// The page after a claim: a voucher to show in the store, or a parcel on its way.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { shownName, t, when } from "./i18n.js";
import { statusOf, timeline } from "./timeline.js";
import { action, copy, problem } from "./ui.js";
import { cover, inReturn } from "./gift_wrap.js";
import { returnGift } from "./return_gift.js";

/** Return the claimer's page. `view` is their view of the gift, `holding` what they received. */
export function result(view, holding) {
  shownExtras ??= loadExtras(view);
  const { thanks, story, safety } = shownExtras;
  return [
    h(
      "header",
      { class: `crest ${view.presentation}` },
      cover(view),
      h("p", { class: "from" }, t("gift.from", { name: view.giver_name })),
      h("p", { class: "blessing", dir: "auto" }, view.wrapping.blessing),
      inReturn(view),
    ),
    holding.kind === "voucher" ? voucher(holding) : parcel(holding),
    thanks,
    view.shares > 1 && view.claims && claimList(view),
    h(
      "nav",
      { class: "ways-on", "aria-label": t("gift.next_steps") },
      returnGift(view.gift_id),
      h("a", { class: "button", href: "/#/center/holdings" }, t("gift.my_holdings")),
    ),
    story,
    safety,
  ];
}

/** What follows the gift. It stays when the rest is drawn again: the user may be writing. */
let shownExtras = null;

/** Return places for the extras. The gift itself does not wait for them, and it is complete without them. */
function loadExtras(view) {
  const [thanks, story, safety] = Array.from({ length: 3 }, () => h("div", {}));
  import("./gift_extras.js")
    .then(({ extras }) => extras(view))
    .then(
      (found) => {
        fill(thanks, found.thanks);
        fill(story, found.timeline);
        fill(safety, found.safety);
      },
      () => {},
    );
  return { thanks, story, safety };
}

function voucher({ holding_id, product, code, valid_until, state }) {
  const usable = state === "usable";
  return h(
    "article",
    { class: `ticket ${state}` },
    h(
      "div",
      { class: "what" },
      picture(product),
      h("div", {}, h("h1", { dir: "auto" }, product.title), h("p", { class: "faint", dir: "auto" }, product.store_name)),
    ),
    !usable && h("p", { class: "stamp" }, t(`gift.voucher.${state}`)),
    h(
      "div",
      { class: "stub" },
      usable && qr(holding_id, code),
      usable && h("p", { class: "faint" }, t("gift.code")),
      h("p", { class: "code", translate: "no" }, code.match(/.{1,4}/g).map((four) => h("span", {}, four))),
      usable && copyCode(code),
    ),
    h(
      "dl",
      {},
      usable && [h("dt", {}, t("gift.how")), h("dd", {}, t("gift.how.text", { store: product.store_name }))],
      product.redeem_at && [h("dt", {}, t("gift.where")), h("dd", { dir: "auto" }, product.redeem_at)],
      valid_until && [h("dt", {}, t("gift.until")), h("dd", {}, h("time", { datetime: valid_until }, when(valid_until)))],
      product.description && [h("dt", {}, t("gift.about")), h("dd", { dir: "auto" }, product.description)],
    ),
  );
}

/** The QR code. Without it, the code can still be read out. */
function qr(holding_id, code) {
  const place = h("div", { class: "qr" });
  call("GET", `/holdings/${holding_id}/qr`, { as: "blob" }).then(
    (blob) => {
      const url = URL.createObjectURL(blob);
      const loaded = () => URL.revokeObjectURL(url);
      fill(place, h("img", { src: url, width: 176, height: 176, alt: t("gift.qr", { code }), on: { load: loaded } }));
    },
    () => place.remove(),
  );
  return place;
}

function copyCode(code) {
  const place = action(t("gift.copy"), async () => {
    if (await copy(code)) place.querySelector("button").textContent = t("copied");
    // If the browser forbids copying, select the code.
    else getSelection().selectAllChildren(document.querySelector(".code"));
  });
  return place;
}

function parcel(holding) {
  const way = h("div", { class: "way" }, h("p", { class: "faint" }, t("loading")));
  drawShipment(holding, way);
  return h(
    "article",
    { class: "ticket parcel" },
    holding.product
      ? h("div", { class: "what" }, picture(holding.product), h("div", {}, h("p", { class: "faint" }, t("gift.parcel_arrived")), h("h1", { dir: "auto" }, holding.product.title), from(holding)))
      : h("div", { class: "what secret" }, h("div", {}, h("h1", {}, t("center.parcel_from", { store: holding.store_name })), h("p", {}, t("gift.parcel_secret")))),
    way,
  );
}

const from = (holding) => h("p", { class: "faint" }, t("gift.from_store", { store: holding.store_name }));

async function drawShipment(holding, way) {
  try {
    const shipment = await call("GET", `/shipments/${holding.shipment_id}`);
    fill(way, timeline(shipment));
  } catch (error) {
    const retry = h("button", { type: "button", on: { click: () => drawShipment(holding, way) } }, t("try_again"));
    fill(way, problem(error, retry));
  }
}

function picture({ image_url }) {
  return h("img", { class: "picture", src: image_url, alt: "", width: 96, height: 96 });
}

/** The claimers, and when each claimed: for the claimers and the giver. */
export function claimList({ state, claims, remaining, shares }) {
  return h(
    "section",
    { class: "takers card", "aria-labelledby": "takers-title" },
    h("h2", { id: "takers-title" }, shares === 1 ? t("gift.opened_by") : t("gift.claimed_of", { claimed: claims.length, shares })),
    h(
      "ol",
      {},
      claims.map(({ display_name, claimed_at, shipment_status }) =>
        h(
          "li",
          {},
          h("span", { class: "initial", "aria-hidden": "true" }, [...shownName(display_name)][0] ?? "·"),
          h("span", { dir: "auto" }, shownName(display_name)),
          h("time", { class: "faint", datetime: claimed_at }, when(claimed_at)),
          shipment_status && h("span", { class: "faint" }, statusOf(shipment_status)),
        ),
      ),
    ),
    state === "open" && h("p", { class: "faint" }, t("gift.left", { remaining, shares })),
  );
}
