// Who may give to the user by name, in the account: the settings of consent, and the people whom the user blocked.

import { call } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { radios } from "./radios.js";
import { action, problem } from "./ui.js";

const CHOICES = ["everybody", "people_i_know", "nobody"];
const PAGE_SIZE = 100;

/** The choice of who may give to the user. It is saved at once. */
export function giftsFrom(chosen) {
  const notice = h("div", { class: "notice" });
  let saved = chosen;
  const options = CHOICES.map((value) => ({ value, label: t(`consent.${value}`), hint: t(`consent.${value}_hint`) }));
  const choice = radios(t("consent.title"), "gifts_from", options, chosen, { onChange: save });
  async function save(wanted) {
    fill(notice);
    try {
      await call("PATCH", "/me", { body: { gifts_from: wanted } });
      saved = wanted;
      announce(t("center.saved"));
    } catch (error) {
      // A later choice may be on its way.
      if (choice.value() === wanted) choice.element.querySelector(`[value=${saved}]`).checked = true;
      fill(notice, problem(error));
    }
  }
  return h("div", { class: "card profile" }, choice.element, notice);
}

/** The people whom the user blocked, each with a button to unblock them. It removes itself while there are none. */
export function blockedPeople() {
  const title = h("legend", { tabindex: -1 }, t("consent.blocked"));
  const names = h("ul", { class: "rows" });
  const section = h("fieldset", { class: "card profile", hidden: true }, title, h("p", { class: "faint" }, t("consent.blocked_hint")), names);

  async function load() {
    let cursor = null;
    const items = [];
    do {
      const page = await call("GET", `/blocked?limit=${PAGE_SIZE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    fill(names, items.map(row));
    section.hidden = items.length === 0;
  }

  function row({ user_id: id, display_name: name }) {
    const unblock = async () => {
      await call("DELETE", `/blocked/${id}`, { as: "none" });
      const next = (entry.nextElementSibling ?? entry.previousElementSibling)?.querySelector("button");
      entry.remove();
      announce(t("consent.unblocked", { name }));
      if (next) next.focus();
      else fill(names, h("li", { class: "faint" }, t("consent.nobody_blocked")));
      if (!next) title.focus();
    };
    const entry = h("li", {}, h("bdi", {}, name), action(t("consent.unblock"), unblock, { "aria-label": t("consent.unblock_label", { name }) }));
    return entry;
  }

  load().catch(() => {
    section.hidden = false;
    fill(names, h("li", {}, action(t("try_again"), load)));
  });
  return section;
}
