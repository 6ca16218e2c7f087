// The choice of what happens to a gift that is not opened in time.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { personChoice } from "./person_choice.js";
import { within } from "./policy.js";
import { radios } from "./radios.js";

const ENDS = ["order", "refund", "give_to"];

/**
 * The choice of the end of a gift.
 *
 * @param {object} options `contacts` can be the second person; `chosen` is the end at first, with the `second` person, if any;
 *   `window` is in seconds, or null; `firstId()` returns the id of the first person, if there is one; `onChange` is called with
 *   each choice.
 * @returns `{element, then(), person(), value(), check(), explain(error), text(), setShares(count)}`: `value()` is the end as the
 *   API takes it, and `check` shows an error and returns whether there is none. `explain` shows an error of the API, and returns
 *   whether it is about the second person. Only a gift for one person can go to another one.
 */
export function endChoice({ contacts, chosen, second: known = null, window, shares = 1, firstId = () => null, onChange = () => {} }) {
  const second = personChoice({ contacts, name: "second", chosen: known, missing: t("shop.wrap.no_friend"), onChange });
  const fields = h("div", { class: "to", role: "group", "aria-label": t("shop.end.give_to"), hidden: chosen !== "give_to" }, second.element);
  const ends = radios(
    t("shop.end.if", { within: within(window) }),
    "end",
    ENDS.map((value) => ({ value, label: t(`shop.end.${value}`), hint: hint(value, shares) })),
    chosen,
    { className: "ends", onChange: changed },
  );
  setShares(shares);
  function changed() {
    fields.hidden = then() !== "give_to";
    onChange();
  }
  function then() {
    return ends.value();
  }
  function person() {
    return then() === "give_to" ? second.person() : null;
  }
  function setShares(count) {
    ends.disable("give_to", count > 1, hint("give_to", count));
    if (count > 1 && then() === "give_to") ends.choose(chosen === "give_to" ? ENDS[0] : chosen, { focus: false });
  }
  function check() {
    if (then() !== "give_to") return true;
    if (!second.check()) return false;
    if (person().user_id !== firstId()) return true;
    second.showError(t("shop.end.same_person", { name: person().display_name }));
    return false;
  }
  function value() {
    return { then: then(), ...(person() && { recipient_id: person().user_id }) };
  }
  function text() {
    return person() ? t("shop.end.to_person", { name: person().display_name }) : t(`shop.end.${then()}`);
  }
  function explain(error) {
    if (!person()) return false;
    if (error.rule !== "minimum_window") return second.explain(error);
    second.showError(t("shop.end.too_late"));
    return true;
  }
  return { element: h("div", {}, ends.element, fields), then, person, value, check, explain, text, setShares };
}

const hint = (value, shares) => t(value === "give_to" && shares > 1 ? "shop.end.give_to_off" : `shop.end.${value}_hint`);
