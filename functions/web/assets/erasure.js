// The notice, in every view, that the account will be deleted, with a way to keep it.

import { call } from "./api.js";
import { announce, h } from "./dom.js";
import { t, when } from "./i18n.js";
import { redraw } from "./router.js";
import { local } from "./storage.js";
import { action } from "./ui.js";

const STORAGE_KEY = "handsel.erase_at";

let shown = null;
let notice = null;

/** Show when the account will be deleted; null if it will not be. The next page knows it from the start. */
export function noteErasure(eraseAt) {
  if (eraseAt === shown) return;
  shown = eraseAt;
  notice?.remove();
  notice = null;
  if (eraseAt === null) return local.delete(STORAGE_KEY);
  local.set(STORAGE_KEY, eraseAt);
  notice = h("div", { class: "leaving", role: "region", "aria-label": t("leaving.delete") }, h("p", {}, t("leaving.banner", { time: when(eraseAt) })), action(t("leaving.keep"), keep));
  document.getElementById("main").before(notice);
}

async function keep() {
  await call("POST", "/me/keep");
  noteErasure(null);
  announce(t("leaving.kept_account"));
  redraw();
}

/** Show what the last page knew. */
export const showKnownErasure = () => noteErasure(local.get(STORAGE_KEY));
