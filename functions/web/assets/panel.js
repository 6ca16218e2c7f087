// A panel over the page, for what is asked before it goes on.

import { h } from "./dom.js";
import { t } from "./i18n.js";

/**
 * Opens a panel; resolves with what it was closed with, null when it was only closed. Leaving the view closes it.
 *
 * @param {(close: (value: any) => void) => any} draw answers what the panel holds.
 */
export function panel(title, draw) {
  return new Promise((resolve) => {
    const opener = document.activeElement;
    let answer = null;
    const close = (value) => {
      answer = value;
      dialog.close();
    };
    const heading = h("h2", { id: "panel-title" }, title);
    const cross = h("button", { type: "button", class: "quiet close", "aria-label": t("close"), on: { click: () => dialog.close() } }, "✕");
    const dialog = h("dialog", { class: "panel", "aria-labelledby": "panel-title" }, h("header", {}, heading, cross), draw(close));
    const left = () => dialog.close();
    addEventListener("hashchange", left);
    dialog.addEventListener("close", () => {
      removeEventListener("hashchange", left);
      dialog.remove();
      opener?.focus?.();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
