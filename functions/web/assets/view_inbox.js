// The inbox: private messages about gifts and parcels, newest first.

import { call } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { countUnread } from "./frame.js";
import { t, when } from "./i18n.js";
import { list, nothing } from "./lists.js";
import { redraw } from "./router.js";
import { action } from "./ui.js";

// Kinds of messages to a giver. They link to the giver's view of the gift, other kinds to the page of the gift.
const TO_THE_GIVER = ["gift_opened", "gift_claimed", "gift_thanked", "gift_returned", "gift_refunded", "gift_passed_on", "gift_declined", "asked_again", "refund_decided"];
const MARKS = {
  gift_cancelled: "–",
  gift_opened: "✓",
  gift_claimed: "✓",
  gift_thanked: "♥",
  gift_returned: "↩",
  gift_refunded: "↩",
  gift_passed_on: "→",
  gift_declined: "–",
  asked_again: "?",
  parcel_update: "→",
  parcel_not_shipped: "!",
  voucher_expiring: "!",
  voucher_redeemed: "✓",
  voucher_usable_again: "↩",
  refund_issued: "↩",
  refund_decided: "↩",
};

export async function view(main) {
  const title = t("center.inbox");
  const unread = new Set();
  const empty = nothing(t("center.no_messages"), "#/me", t("center.to_me"));
  const messages = await list("/messages", message(unread, deleted), empty, title);
  /** Remove a deleted message. The focus goes to the next one, or else to the title. */
  function deleted(entry) {
    const next = entry.nextElementSibling ?? entry.previousElementSibling;
    const entries = entry.parentElement;
    entry.remove();
    readAll.hidden = unread.size === 0;
    announce(t("center.message_deleted"));
    if (next) return next.querySelector("a").focus();
    // A further page may have more of them.
    if (entries.nextElementSibling) return redraw();
    fill(messages, empty);
    return main.querySelector("h1").focus();
  }
  const readAll = action(
    t("center.read_all"),
    async () => {
      await Promise.all([...unread].map(markRead));
      await Promise.all([view(main), countUnread()]);
      main.querySelector("h1").focus();
    },
    { class: "quiet" },
  );
  readAll.hidden = unread.size === 0;
  fill(main, h("header", { class: "section" }, h("h1", { tabindex: -1 }, title), readAll), messages);
  return title;
}

/** Mark a message as read. Idempotent. */
function markRead(id) {
  return call("POST", `/messages/${id}/read`);
}

/** Return what draws a message; ids of unread messages are added to `unread`, and `deleted` is called with the entry of one that is gone. */
function message(unread, deleted) {
  return (item) => {
    const { message_id: id, kind, text, wrapping, created_at: at, read } = item;
    if (!read) unread.add(id);
    let going = false;
    async function go(event) {
      // Opened in another tab, the message is read too, and this page stays.
      const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
      if (!elsewhere) event.preventDefault();
      if (going) return;
      going = true;
      // If this fails, the message stays unread and the link works all the same.
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
        h("span", { class: "text" }, !read && h("b", { class: "new" }, t("center.new")), " ", text),
        wrapping && h("q", { dir: "auto" }, wrapping.blessing),
        h("time", { class: "faint", datetime: at }, when(at)),
      ),
    );
    const remove = async () => {
      await call("DELETE", `/messages/${id}`, { as: "none" });
      unread.delete(id);
      countUnread();
      deleted(entry);
    };
    const entry = h("li", { class: "deletable" }, link, action("✕", remove, { class: "quiet", "aria-label": t("center.delete_message", { text }) }));
    return entry;
  };
}

function wayTo({ kind, gift_id: id, link }) {
  // A link into the app names what the message is about: a voucher, a parcel or an order.
  const { hash } = new URL(link);
  if (hash) return hash;
  // To a merchant, for whom there is no page.
  if (kind === "parcel_not_shipped") return "#/inbox";
  if (!id) return "#/center/holdings";
  return TO_THE_GIVER.includes(kind) ? `#/gifts/${id}` : `/g/${id}`;
}
