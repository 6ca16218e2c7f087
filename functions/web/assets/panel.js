// A panel over the page, for what is asked before it goes on.

import { h, showOver } from "./dom.js";
import { t } from "./i18n.js";

let open = null;

/**
 * Opens a panel; resolves with what it was closed with, null when it was only closed. Leaving the view closes it; while it is
 * doing something, it stays. One at a time: the second tap of two gets null.
 *
 * @param {(close: (value: any) => void) => any} draw answers what the panel holds.
 */
export function panel(title, draw) {
  if (open) return Promise.resolve(null);
  open = shown(title, draw).finally(() => {
    open = null;
  });
  return open;
}

function shown(title, draw) {
  return new Promise((resolve) => {
    const opener = document.activeElement;
    let answer = null;
    const close = (value) => {
      answer = value;
      dialog.close();
    };
    const heading = h("h2", { id: "panel-title" }, title);
    const cross = h("button", { type: "button", class: "quiet close", "aria-label": t("close"), on: { click: leave } }, "✕");
    const dialog = h("dialog", { class: "panel", "aria-labelledby": "panel-title" }, h("header", {}, heading, cross), draw(close));
    let gone = false;
    const busy = () => !gone && answer === null && dialog.querySelector("[aria-busy]");
    function leave() {
      if (!busy()) dialog.close();
    }
    function left() {
      gone = true;
      dialog.close();
    }
    addEventListener("hashchange", left);
    dialog.addEventListener("close", () => {
      // The Escape key closes it before it can be asked.
      if (busy()) return dialog.showModal();
      removeEventListener("hashchange", left);
      dialog.remove();
      opener?.focus?.();
      return resolve(answer);
    });
    document.body.append(dialog);
    showOver(dialog);
  });
}
