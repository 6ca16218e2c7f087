// Private messages: what happened to gifts and parcels, the newest first.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { countUnread } from "./frame.js";
import { t, when } from "./i18n.js";
import { list, nothing } from "./lists.js";
import { said } from "./said.js";
import { action } from "./ui.js";

// What a giver is told of is where they see their own gift; anybody else sees a gift on its page.
const TO_THE_GIVER = ["gift_claimed", "gift_returned", "gift_declined", "asked_again"];
const MARKS = { gift_claimed: "✓", gift_returned: "↩", gift_declined: "–", asked_again: "?", parcel_update: "→" };

export async function view(main) {
  const title = t("center.inbox");
  const unread = new Set();
  const messages = await list("/messages", message(unread), nothing(t("center.no_messages"), "#/me", t("center.to_me")), title);
  const readAll = action(
    t("center.read_all"),
    async () => {
      await Promise.all([...unread].map(markRead));
      await Promise.all([view(main), countUnread()]);
      main.querySelector("h1").focus();
    },
    { class: "quiet" },
  );
  fill(main, h("header", { class: "section" }, h("h1", { tabindex: -1 }, title), unread.size > 0 && readAll), messages);
  return title;
}

/** Again is the same. */
function markRead(id) {
  return call("POST", `/messages/${id}/read`);
}

/** Draws messages; those not read yet are in `unread`. */
function message(unread) {
  return (item) => {
    const { message_id: id, kind, text, wrapping, created_at: at, read } = item;
    if (!read) unread.add(id);
    let going = false;
    async function go(event) {
      // To another tab as well it is read, and this page stays.
      const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
      if (!elsewhere) event.preventDefault();
      if (going) return;
      going = true;
      // Where this fails it is still unread, and can be read all the same.
      if (unread.has(id)) await markRead(id).then(() => unread.delete(id)).catch(() => {});
      going = false;
      countUnread();
      if (!elsewhere) location.assign(wayTo(item));
    }
    const link = h(
      "a",
      { href: wayTo(item), class: read ? "message" : "message unread", on: { click: go } },
      wrapping
        ? h("span", { class: "picture wide" }, h("img", { src: wrapping.image_url, alt: "", loading: "lazy" }))
        : h("span", { class: "mark", "aria-hidden": "true" }, MARKS[kind]),
      h(
        "span",
        { class: "about" },
        h("span", { class: "said" }, !read && h("b", { class: "new" }, t("center.new")), " ", said(text, `center.kind.${kind}`)),
        wrapping && h("q", {}, wrapping.blessing),
        h("time", { class: "faint", datetime: at }, when(at)),
      ),
    );
    return h("li", {}, link);
  };
}

function wayTo({ kind, gift_id: id }) {
  if (!id) return "#/center/holdings";
  return TO_THE_GIVER.includes(kind) ? `#/gifts/${id}` : `/g/${id}`;
}
