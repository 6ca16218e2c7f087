// The ways to send a share link: the device's own dialog, a copy, an email, a text message, or a QR code to show in person. The words
// have the giver's message and the deadline. The secret of the link stays on this device.

import { fill, h } from "./dom.js";
import { t, whenExactly } from "./i18n.js";
import { panel } from "./panel.js";
import { copy } from "./ui.js";

/** Return the words that go with the link of a gift, in lines. The reader may be in another time zone. */
function wordsOf({ wrapping: { blessing }, opens_at: opensAt, expires_at: end, state }) {
  const deadline = state === "scheduled" ? t("share.between", { start: whenExactly(opensAt), end: whenExactly(end) }) : t("share.until", { end: whenExactly(end) });
  return [t("share.gift"), t("share.quoted", { blessing }), deadline].join("\n");
}

/** Return the address of an app for messages, with the text filled in. */
function mailAddress(subject, text) {
  // RFC 6068: lines end with CRLF, and spaces are not `+`.
  return `mailto:?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(text.replaceAll("\n", "\r\n"))}`;
}

/** iOS takes the text after `&`, Android after `?` (RFC 5724): each of them ignores what the other one needs. */
const smsAddress = (text) => `sms:?&body=${encodeURIComponent(text)}`;

/** Return the sheet to send the link of a gift, with other ways in `more`. */
export function shareSheet(gift, url, ...more) {
  const words = wordsOf(gift);
  const text = `${words}\n${url}`;
  const field = h("input", { readonly: true, translate: "no", value: url, "aria-label": t("shop.gift.link"), on: { focus: () => field.select() } });
  const mayShare = Boolean(navigator.share);
  return h(
    "section",
    { class: "card share", "aria-label": t("shop.gift.share") },
    h("p", {}, t(gift.shares > 1 ? "share.hint_group" : "share.hint")),
    field,
    mayShare && h("button", { type: "button", class: "main", on: { click: shareByDevice } }, t("shop.gift.share")),
    h(
      "div",
      { class: "channels" },
      copier(url, t("shop.gift.copy"), { class: mayShare ? "" : "main" }),
      copier(text, t("share.copy_words")),
      h("button", { type: "button", on: { click: () => showCode(gift, url) } }, t("share.qr")),
      h("a", { class: "button", href: mailAddress(t("shop.gift.share_title"), text) }, t("share.mail")),
      h("a", { class: "button", href: smsAddress(text) }, t("share.sms")),
    ),
    more,
  );
  function copier(content, label, attributes = {}) {
    const button = h("button", { type: "button", ...attributes, on: { click: press } }, label);
    async function press() {
      if (await copy(content)) fill(button, t("copied"));
      else field.focus();
    }
    return button;
  }
  async function shareByDevice() {
    try {
      await navigator.share({ title: t("shop.gift.share_title"), text: words, url });
    } catch (error) {
      // The user closed the dialog: nothing to report.
      if (error.name !== "AbortError") field.focus();
    }
  }
}

/** Show the QR code of a link, for somebody who is here. */
async function showCode({ shares }, url) {
  const { qrCode } = await import("./qr_code.js");
  await panel(t("share.qr"), () => [
    qrCode(url, t("share.qr_label")),
    h("p", { class: "faint" }, t(shares > 1 ? "share.qr_hint_group" : "share.qr_hint")),
  ]);
}
