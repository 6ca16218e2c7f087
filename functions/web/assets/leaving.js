// Leaving, in the account: a copy of the user's data, and the deletion of the account.

import { call, create, Problem } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { noteErasure } from "./erasure.js";
import { Explained } from "./errors.js";
import { t, when } from "./i18n.js";
import { panel } from "./panel.js";
import { redraw } from "./router.js";
import { local } from "./storage.js";
import { action } from "./ui.js";

const EXPORT_KEY = "handsel.export";
const POLL_MS = 5_000;

/** A copy of the user's data: asked for at most once a week, there for a day. */
export function exportSettings() {
  const content = h("div", {});

  async function ask() {
    const { export_id: id } = await create("export", "/me/exports", {});
    local.setJson(EXPORT_KEY, { id });
    await show();
    // The button that was pressed is gone.
    content.querySelector("[role=status]")?.focus();
  }

  /** Show the state of the export that was asked for on this device, until it can be downloaded. */
  async function show() {
    const known = local.getJson(EXPORT_KEY);
    const found = known && (await call("GET", `/me/exports/${known.id}`).catch(forgetIfGone));
    if (!found) return fill(content, action(t("leaving.export.ask"), ask));
    const { state, expires_at: until } = found;
    fill(
      content,
      h("p", { role: "status", tabindex: -1 }, t(`leaving.export.${state}`, { time: until && when(until) })),
      state === "ready" && action(t("leaving.export.download"), download),
      state === "expired" && action(t("leaving.export.ask"), ask),
    );
    if (state === "pending") setTimeout(poll, POLL_MS);
  }

  function poll() {
    if (content.isConnected) show().catch(() => setTimeout(poll, POLL_MS));
  }

  /** Open the file. Each link is for a few minutes, so it is asked for now. */
  async function download() {
    const { url } = await call("GET", `/me/exports/${local.getJson(EXPORT_KEY).id}`);
    if (url) location.assign(url);
    else await show();
  }

  show().catch(() => fill(content, action(t("try_again"), show)));
  return h("fieldset", { class: "card profile" }, h("legend", {}, t("leaving.export")), h("p", { class: "faint" }, t("leaving.export.hint")), content);
}

/** An export is forgotten after some time. */
function forgetIfGone(error) {
  if (!(error instanceof Problem) || error.status !== 404) throw error;
  local.delete(EXPORT_KEY);
  return null;
}

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
