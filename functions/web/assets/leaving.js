// The deletion of the account, which the account page offers.

import { call } from "./api.js";
import { announce, h } from "./dom.js";
import { noteErasure } from "./erasure.js";
import { Explained } from "./errors.js";
import { t, when } from "./i18n.js";
import { panel } from "./panel.js";
import { redraw } from "./router.js";
import { action } from "./ui.js";

/** The deletion of the account, which can be undone until its date. */
export function erasureSettings(eraseAt) {
  return h(
    "fieldset",
    { class: "card profile" },
    h("legend", {}, t("leaving.delete")),
    h("p", { class: "faint" }, eraseAt ? t("leaving.banner", { time: when(eraseAt) }) : t("leaving.delete.hint")),
    !eraseAt && h("button", { type: "button", on: { click: askAndDelete } }, t("leaving.delete.ask")),
  );
}

const list = (name, count) => h("ul", { class: "points" }, Array.from({ length: count }, (_, index) => h("li", {}, t(`leaving.${name}.${index + 1}`))));

/** Say what is deleted and what is kept, and delete the account after a second confirmation. */
async function askAndDelete() {
  const answer = await panel(t("leaving.delete"), (close) => {
    const sure = h("input", { type: "checkbox", required: true });
    const leave = async () => {
      if (!sure.checked) {
        sure.focus();
        throw new Explained(t("leaving.delete.not_sure"));
      }
      close(await call("DELETE", "/me"));
    };
    return [
      h("p", {}, t("leaving.delete.when")),
      h("h3", {}, t("leaving.deleted")),
      list("deleted", 4),
      h("h3", {}, t("leaving.kept")),
      list("kept", 4),
      h("label", { class: "sure" }, sure, h("span", {}, t("leaving.delete.sure"))),
      action(t("leaving.delete.now"), leave, { class: "main" }),
    ];
  });
  if (!answer) return;
  noteErasure(answer.erase_at);
  redraw();
  announce(t("leaving.banner", { time: when(answer.erase_at) }));
}
