// What stands around every view: the name of the app, the ways to its parts, and how much is unread.

import { call } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { who } from "./session.js";

const EVERY_MS = 30_000;
const PARTS = { shop: "#/", orders: "#/center", inbox: "#/inbox", me: "#/me" };

const pip = h("span", { class: "pip", hidden: true });
const links = Object.entries(PARTS).map(([part, href]) =>
  h("a", { href, class: `part ${part}`, data: { part } }, h("span", {}, t(`shop.part.${part}`)), part === "inbox" && pip),
);

/** Puts the frame around `main`, once. */
export function frame(main) {
  const skip = h("a", { class: "skip", href: "#main", on: { click: (event) => jump(event, main) } }, t("shop.skip"));
  main.before(
    skip,
    h(
      "header",
      { class: "frame" },
      h("a", { class: "brand", href: "#/" }, t("app")),
      h("nav", { class: "parts", "aria-label": t("shop.parts") }, links),
    ),
  );
  setInterval(() => document.visibilityState === "visible" && countUnread(), EVERY_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && countUnread());
}

/** The address names a view: it is not what a link within the page changes. */
function jump(event, main) {
  event.preventDefault();
  main.querySelector("h1")?.focus();
  main.scrollIntoView();
}

/** Marks the part of the app that is shown. */
export function mark(part) {
  for (const link of links) {
    if (link.dataset.part === part) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Shows how many messages are unread. Where that cannot be found out now, what was last known stays. */
export async function countUnread() {
  if (!who()) return;
  const me = await call("GET", "/me").catch(() => null);
  if (!me) return;
  const { unread } = me.order_center.counts;
  pip.hidden = unread === 0;
  pip.replaceChildren(h("span", { "aria-hidden": "true" }, unread > 99 ? "99+" : unread), h("span", { class: "unseen" }, t("shop.unread", { count: unread })));
}
