// Written by `make generate` from functions/web/assets; change it there.
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
handsel.define("timeline.js", ["dom.js", "i18n.js", "ui.js"], async ({ h }, { t, when }, { copyButton }) => {
const STEPS = ["ready_to_ship", "picked_up", "in_transit", "out_for_delivery", "delivered"];

function statusOf(status) {
  return t(`center.shipment.${status}`);
}

function timeline({ status, events, carrier, tracking_number: number, address, address_label: label }) {
  const reached = STEPS.indexOf(status);
  const ahead = reached < 0 ? [] : STEPS.slice(reached + 1);
  const past = events.length > 0 ? events : [{ status }];
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
handsel.define("view_holding.js", ["api.js", "dom.js", "i18n.js", "panel.js", "return_gift.js", "router.js", "timeline.js", "ui.js", "watch.js"], async ({ call }, { announce, fill, h }, { t, when }, { panel }, { returnGift }, { redraw }, { fact, statusOf, timeline }, { action, copyButton }, { watch }) => {
async function view(main, { id }) {
  const read = () => call("GET", `/holdings/${id}`);
  const holding = await read();
  const { gift_id: giftId, kind } = holding;
  const [gift, body] = await Promise.all([
    giftId && call("GET", `/gifts/${giftId}`),
    kind === "voucher" ? voucher(holding) : parcel(holding),
  ]);
  fill(main, body, gift && given(gift));
  watch(main, read, holding, redraw);
  return titleOf(holding);
}

function titleOf({ product, store_name: store }) {
  return product?.title ?? t("center.parcel_from", { store });
}

async function voucher(holding) {
  const { holding_id: id, product, store_name: store, code, state, valid_until: until } = holding;
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
      usable && (await qr(id)),
      h("p", { class: "unseen" }, t("center.code")),
      h("p", { class: "code", translate: "no" }, groups(code)),
      usable && copyButton(code, t("center.copy_code")),
      usable && h("p", { class: "faint" }, t("center.show_it")),
    ),
    h(
      "dl",
      { class: "facts" },
      product.redeem_at && fact(t("center.where"), h("bdi", {}, product.redeem_at)),
      fact(t(state === "expired" ? "center.expired_at" : "center.valid_until"), until ? when(until) : t("center.no_expiry")),
      fact(t("center.received_at"), when(holding.received_at)),
    ),
    product.description && h("p", { class: "faint", dir: "auto" }, product.description),
  );
}

function groups(code) {
  return code.match(/.{1,4}/g).flatMap((group, index) => [index > 0 && " ", h("span", {}, group)]);
}

async function qr(id) {
  const picture = await call("GET", `/holdings/${id}/qr`, { as: "blob" }).catch(() => null);
  if (!picture) return null;
  const url = URL.createObjectURL(picture);
  const free = () => URL.revokeObjectURL(url);
  return h("img", { class: "qr", src: url, alt: t("center.qr"), width: 180, height: 180, on: { load: free, error: free } });
}

async function parcel(holding) {
  const { shipment_id: id, product, quantity, store_name: store } = holding;
  const shown = h("div", {});
  const draw = (shipment) => fill(shown, timeline(shipment), shipment.status === "ready_to_ship" && correction(shipment, draw));
  draw(await call("GET", `/shipments/${id}`));
  const refresh = action(
    t("center.refresh"),
    async () => {
      const shipment = await call("GET", `/shipments/${id}`);
      draw(shipment);
      announce(statusOf(shipment.status));
    },
    { class: "quiet" },
  );
  return h(
    "article",
    { class: "parcel" },
    h(
      "header",
      { class: "card content" },
      product?.image_url ? h("img", { src: product.image_url, alt: "" }) : h("span", { class: "secret", "aria-hidden": "true" }, "?"),
      h(
        "div",
        {},
        h("h1", { dir: "auto" }, titleOf(holding)),
        h("p", {}, product ? [h("bdi", {}, store), ` · ${t("center.quantity", { count: quantity })}`] : t("center.surprise")),
        product?.description && h("p", { class: "faint", dir: "auto" }, product.description),
      ),
    ),
    h("div", { class: "card" }, shown, refresh),
  );
}

function correction({ shipment_id: id, address }, draw) {
  const correct = async () => {
    const { addressForm } = await handsel.load("gift_address.js");
    const corrected = await panel(t("center.correct_address"), (close) => {
      const send = async (body) => close(await call("PUT", `/shipments/${id}/address`, { body }));
      return addressForm(t("center.save_address"), send, { address, at: "" });
    });
    if (corrected) draw(corrected);
  };
  return action(t("center.correct_address"), correct, { class: "quiet" });
}

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
return { view };
});
