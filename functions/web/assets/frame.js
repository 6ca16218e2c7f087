// The frame around every view: the name of the app, links to its parts, and the number of unread messages.

import { call } from "./api.js";
import { h } from "./dom.js";
import { noteErasure, showKnownErasure } from "./erasure.js";
import { hasFeature, noteFeatures } from "./features.js";
import { t } from "./i18n.js";
import { currentUser } from "./session.js";

const POLL_MS = 30_000;
const PARTS = { shop: "#/", orders: "#/center", inbox: "#/inbox", me: "#/me" };

const pip = h("span", { class: "pip", hidden: true });
const links = Object.entries(PARTS).map(([part, href]) =>
  h("a", { href, class: `part ${part}`, data: { part } }, h("span", {}, t(`shop.part.${part}`)), part === "inbox" && pip),
);

/** Add the frame around `main`. Called once. */
export function frame(main) {
  const skip = h("a", { class: "skip", href: "#main", on: { click: (event) => skipToContent(event, main) } }, t("shop.skip"));
  // The page has the header already, so that the content does not move.
  const header = document.querySelector("header.frame");
  header.before(skip);
  header.append(h("nav", { class: "parts", "aria-label": t("shop.parts") }, links));
  if (currentUser()) showKnownErasure();
  setInterval(() => document.visibilityState === "visible" && countUnread(), POLL_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && countUnread());
}

/** Focus the content without changing the fragment, which names the view. */
function skipToContent(event, main) {
  event.preventDefault();
  main.querySelector("h1")?.focus();
  main.scrollIntoView();
}

/** Mark the part of the app that is shown. Without the order center, the lists are a part of the account. */
export function markPart(part) {
  const shown = part === "orders" && !hasFeature("order_center") ? "me" : part;
  for (const link of links) {
    if (link.dataset.part === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Show the number of unread messages, and whether the account will be deleted. If that cannot be read, what is known stays. */
export async function countUnread() {
  if (!currentUser()) return;
  const me = await call("GET", "/me").catch(() => null);
  if (!me || !currentUser()) return;
  noteErasure(me.erase_at ?? null);
  noteFeatures({ order_center: me.order_center !== null });
  const unread = me.order_center?.counts.unread ?? 0;
  pip.hidden = unread === 0;
  pip.replaceChildren(h("span", { "aria-hidden": "true" }, unread > 99 ? "99+" : unread), h("span", { class: "unseen" }, t("shop.unread", { count: unread })));
}
