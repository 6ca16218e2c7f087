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
handsel.define("share_sheet.js", ["dom.js", "i18n.js", "panel.js", "ui.js"], async ({ fill, h }, { t, whenExactly }, { panel }, { copy }) => {
function wordsOf({ wrapping: { blessing }, opens_at: opensAt, expires_at: end, state }) {
  const deadline = state === "scheduled" ? t("share.between", { start: whenExactly(opensAt), end: whenExactly(end) }) : t("share.until", { end: whenExactly(end) });
  return [t("share.gift"), t("share.quoted", { blessing }), deadline].join("\n");
}

function mailAddress(subject, text) {
  return `mailto:?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(text.replaceAll("\n", "\r\n"))}`;
}

const smsAddress = (text) => `sms:?&body=${encodeURIComponent(text)}`;

function shareSheet(gift, url, ...more) {
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
      if (error.name !== "AbortError") field.focus();
    }
  }
}

async function showCode({ shares }, url) {
  const { qrCode } = await handsel.load("qr_code.js");
  await panel(t("share.qr"), () => [
    qrCode(url, t("share.qr_label")),
    h("p", { class: "faint" }, t(shares > 1 ? "share.qr_hint_group" : "share.qr_hint")),
  ]);
}
return { shareSheet };
});
