// The gift as it is wrapped: a red envelope or a parcel, with the cover that was chosen for it.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { countdown } from "./ui.js";

const OPENING_MS = 1_000;
const FLAKES = 14;

/** The picture of the cover. It has no words of its own to read. */
export function cover(view) {
  return h("figure", { class: "cover" }, h("img", { src: view.wrapping.image_url, alt: "", width: 1200, height: 630 }));
}

/**
 * The wrapped gift. `closure` is what stands on its seam: the seal, to open it with or to look at. Where it is what its page
 * is about, what it says is the heading.
 */
export function wrapped(view, closure, inPocket = [], { heading = "h1" } = {}) {
  const sent = h(heading, { class: "sent" }, t("gift.sent", { name: view.giver_name }));
  return h(
    "article",
    { class: `wrap ${view.presentation}` },
    h("div", { class: "flap" }, cover(view), h("div", { class: "label" }, sent, h("p", { class: "blessing" }, view.wrapping.blessing))),
    h("div", { class: "closure" }, closure),
    h("div", { class: "pocket" }, inPocket),
  );
}

/** A seal that is only there to look at. */
export const seal = () => h("span", { class: "seal" });

/** How long it can still be opened, and how much of it is left. */
export function terms(view, timeIsUp) {
  return h(
    "div",
    { class: "terms" },
    h("p", {}, countdown(view.expires_at, timeIsUp)),
    view.shares > 1 && h("p", { class: "left" }, t("gift.left", { remaining: view.remaining, shares: view.shares })),
  );
}

/**
 * Opens the wrapping over what came out, which is on the page already: nobody has to wait for it, and who would rather see
 * nothing move does not.
 */
export function unwrap(wrapping) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  // What leaves is no longer there for whoever does not look at it.
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
