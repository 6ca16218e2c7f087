// The wrapped gift: a red envelope or a parcel, with its cover.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { countdown } from "./ui.js";

const OPENING_MS = 1_000;
const FLAKES = 14;

/** The picture of the cover; decorative. */
export function cover(view) {
  return h("figure", { class: "cover" }, h("img", { src: view.wrapping.image_url, alt: "", width: 1200, height: 630 }));
}

/**
 * The wrapped gift. `closure` is the seal: a button, or decorative. `heading` is the tag of the title.
 */
export function wrapped(view, closure, inPocket = [], { heading = "h1" } = {}) {
  const sent = h(heading, { class: "sent" }, t("gift.sent", { name: view.giver_name }));
  return h(
    "article",
    { class: `wrap ${view.presentation}` },
    h("div", { class: "flap" }, cover(view), h("div", { class: "label" }, sent, view.wrapping.blessing && h("p", { class: "blessing", dir: "auto" }, view.wrapping.blessing))),
    h("div", { class: "closure" }, closure),
    h("div", { class: "pocket" }, inPocket),
  );
}

/** For a gift in return: a link to the first gift, which the user gave. */
export function inReturn({ in_return_for: first }) {
  return first && h("p", { class: "in-return" }, t("gift.in_return"), " ", h("a", { href: `/#/gifts/${first}` }, t("gift.first_gift")));
}

/** What the user can do against a gift: report it, and block its giver if they may know who that is. */
export const safetyTitle = ({ giver_id: giverId }) => t(giverId ? "safety.title" : "safety.report");

/** A decorative seal. */
export const seal = () => h("span", { class: "seal" });

/** The time left to open the gift, and the shares left. */
export function terms(view, timeIsUp) {
  return h(
    "div",
    { class: "terms" },
    h("p", {}, countdown(view.expires_at, timeIsUp)),
    view.shares > 1 && h("p", { class: "left" }, t("gift.left", { remaining: view.remaining, shares: view.shares })),
  );
}

/**
 * Animate the opening of the wrapping over the result, which is on the page already, so that nothing waits for it. Skipped for
 * users who prefer reduced motion.
 */
export function unwrap(wrapping) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  // Assistive technology must not see the wrapping any more.
  wrapping.inert = true;
  wrapping.ariaHidden = "true";
  wrapping.classList.add("opening");
  wrapping.append(...Array.from({ length: FLAKES }, flake));
  document.getElementById("main").append(wrapping);
  setTimeout(() => wrapping.remove(), OPENING_MS);
}

function flake(_, index) {
  const angle = (index / FLAKES) * 2 * Math.PI;
  const far = 90 + Math.random() * 110;
  return h("i", {
    class: "flake",
    style: {
      "--x": `${Math.cos(angle) * far}px`,
      "--y": `${Math.sin(angle) * far - 60}px`,
      "--turn": `${Math.random() * 720 - 360}deg`,
    },
  });
}
