// Reporting a gift to the operator, and blocking its giver. The giver learns of neither.

import { call } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { safetyTitle } from "./gift_wrap.js";
import { panel } from "./panel.js";
import { radios } from "./radios.js";
import { action } from "./ui.js";

const REASONS = ["unwanted", "offensive", "fraud", "other"];
const MAX_NOTE = 250;

/** The ways to report a gift and to block its giver, for its claimer. */
export function safety(view) {
  return h("div", { class: "safety" }, h("button", { type: "button", class: "link", on: { click: () => askWhatIsWrong(view) } }, safetyTitle(view)));
}

/**
 * Ask in a panel what is wrong with a gift. Resolves when the panel is closed.
 *
 * @param {object} body fields that a request about the gift needs: the secret, for a user who has not claimed it.
 */
export function askWhatIsWrong(view, body = {}) {
  const { gift_id: giftId, giver_id: giverId, giver_name: name } = view;
  return panel(safetyTitle(view), (close) => {
    const place = h("div", {});
    const done = (text) => {
      fill(place, h("p", { class: "done", tabindex: -1 }, text), h("button", { type: "button", on: { click: () => close(true) } }, t("close")));
      place.firstChild.focus();
      announce(text);
    };
    const ask = (title, ...content) => {
      const heading = h("h3", { tabindex: -1 }, title);
      fill(place, giverId && heading, ...content, giverId && h("button", { type: "button", class: "quiet", on: { click: choose } }, t("gift.back")));
      if (giverId) heading.focus();
    };

    function askWhy() {
      const options = REASONS.map((value) => ({ value, label: t(`safety.reason.${value}`) }));
      const reason = radios(t("safety.reason"), "reason", options, REASONS[0]);
      const note = h("textarea", { name: "note", rows: 2, maxlength: MAX_NOTE, dir: "auto" });
      const send = async () => {
        const words = note.value.replace(/\s+/g, " ").trim();
        await call("POST", `/gifts/${giftId}/report`, { body: { ...body, reason: words ? `${reason.value()}: ${words}` : reason.value() }, as: "none" });
        done(t("safety.reported"));
      };
      ask(t("safety.report"), h("p", {}, t("safety.report.what")), reason.element, h("label", {}, t("safety.note"), note), action(t("safety.report.send"), send, { class: "main" }));
    }

    function askToBlock() {
      const send = async () => {
        await call("PUT", `/blocked/${giverId}`, { as: "none" });
        done(t("safety.blocked", { name }));
      };
      const effects = [1, 2, 3].map((each) => h("li", {}, t(`safety.block.${each}`, { name })));
      ask(t("safety.block", { name }), h("ul", { class: "points" }, effects), action(t("safety.block.confirm"), send, { class: "main" }));
    }

    function choose() {
      const ways = [
        h("button", { type: "button", on: { click: askWhy } }, t("safety.report")),
        h("button", { type: "button", on: { click: askToBlock } }, t("safety.block", { name })),
      ];
      fill(place, h("div", { class: "safety-ways" }, ways));
      place.querySelector("button").focus();
    }

    if (giverId) choose();
    else askWhy();
    return place;
  });
}
