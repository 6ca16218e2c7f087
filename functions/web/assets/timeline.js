// A parcel on its way, to who waits for it.

import { h } from "./dom.js";
import { t, when } from "./i18n.js";
import { copyButton } from "./ui.js";

// What a parcel passes when nothing happens to it. Anything else it can be is a mishap beside the way.
const WAY = ["ready_to_ship", "picked_up", "in_transit", "out_for_delivery", "delivered"];

/** The status of a shipment as a person says it. */
export function statusOf(status) {
  return t(`center.shipment.${status}`);
}

/**
 * Where a shipment of `GET /shipments/{shipment_id}` is: what happened in time order and what is still to come, who brings it
 * and where to.
 */
export function timeline({ status, events, carrier, tracking_number: number, address }) {
  const reached = WAY.indexOf(status);
  // The carrier may have reported what is further on earlier, and it counts; of what went wrong nobody knows what is next.
  const ahead = reached < 0 ? [] : WAY.slice(reached + 1);
  const past = events.length > 0 ? events : [{ status }];
  return h(
    "section",
    { class: "shipment", "aria-labelledby": "shipment-status" },
    h("h2", { id: "shipment-status", class: reached < 0 ? "mishap" : "" }, statusOf(status)),
    h(
      "ol",
      { class: "timeline" },
      past.map((event, index) => happened(event, index === past.length - 1)),
      ahead.map((each) => h("li", { class: "ahead" }, h("span", {}, statusOf(each)), h("span", { class: "unseen" }, t("center.to_come")))),
    ),
    h(
      "dl",
      { class: "facts" },
      fact(t("center.carrier"), carrier),
      number && fact(t("center.tracking_number"), number, " ", copyButton(number, t("center.copy_number"))),
      address && fact(t("center.address"), place(address)),
    ),
  );
}

function happened({ status, location, occurred_at: at }, latest) {
  return h(
    "li",
    { "aria-current": latest && "step" },
    h("strong", {}, statusOf(status)),
    at && h("span", { class: "faint" }, location, " · ", h("time", { datetime: at }, when(at))),
  );
}

/** A line of a `dl`. */
export function fact(name, ...value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function place({ name, phone, lines, city, postal_code: code, country }) {
  const names = new Intl.DisplayNames(document.documentElement.lang, { type: "region", fallback: "code" });
  const land = /^[A-Z]{2}$/.test(country) ? names.of(country) : country;
  return h("address", {}, [`${name} · ${phone}`, ...lines, `${code} ${city}`.trim(), land].map((line) => h("span", {}, line)));
}
