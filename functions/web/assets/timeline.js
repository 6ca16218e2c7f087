// The progress of a shipment, for its recipient.

import { h } from "./dom.js";
import { t, when } from "./i18n.js";
import { copyButton } from "./ui.js";

// The regular steps of a shipment. Any other status is an incident.
const STEPS = ["ready_to_ship", "picked_up", "in_transit", "out_for_delivery", "delivered"];

/** Return the text of a shipment's status. */
export function statusOf(status) {
  return t(`center.shipment.${status}`);
}

/**
 * A shipment of `GET /shipments/{shipment_id}`: past events in time order, steps ahead, carrier and address.
 */
export function timeline({ status, events, carrier, tracking_number: number, address, address_label: label }) {
  const reached = STEPS.indexOf(status);
  // Events may arrive out of order: the status decides which steps are ahead. After an incident they are unknown.
  const ahead = reached < 0 ? [] : STEPS.slice(reached + 1);
  // A cancellation is not an event of the carrier.
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

/** An entry of a `dl`. */
export function fact(name, ...value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function addressBlock({ phone, country }, label) {
  const names = new Intl.DisplayNames(document.documentElement.lang, { type: "region", fallback: "code" });
  const countryName = /^[A-Z]{2}$/.test(country) ? names.of(country) : country;
  return h("address", {}, [...label, countryName, phone].map((line) => h("span", { dir: "auto" }, line)));
}
