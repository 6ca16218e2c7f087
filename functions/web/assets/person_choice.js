// The choice of another user: a contact, or a user found by handle.

import { call, Problem } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { errorText } from "./errors.js";
import { t } from "./i18n.js";
import { radios } from "./radios.js";

const COMPOSING_KEY = 229;
// Problems about the chosen person.
const ABOUT_THE_PERSON = ["recipient-unknown", "too-many-gifts", "self-gift"];

/**
 * The fields to choose a user.
 *
 * @param {object} options `contacts` are offered; `chosen`, if any, is offered too, and chosen; `name` is that of the radio buttons;
 *   `missing` is the text if nobody is chosen; `onUnknown`, if any, returns what else to offer if nobody has the handle, or the
 *   person cannot be given anything; `onChange` is called with each choice.
 * @returns `{element, person(), check(), explain(error), showError(text)}`: `check` shows an error, and returns whether there is
 *   none. `explain` shows an error of the API, and returns whether it is about the person.
 */
export function personChoice({ contacts, name, chosen = null, missing, onUnknown = () => null, onChange = () => {} }) {
  const offered = chosen && !contacts.some((each) => each.user_id === chosen.user_id) ? [chosen, ...contacts] : contacts;
  const known = new Map(offered.map((person) => [person.user_id, person]));
  const list = h("div", {});
  const handle = h("input", { name: "handle", dir: "auto", autocapitalize: "none", autocomplete: "off", spellcheck: "false", translate: "no", on: { keydown: findOnEnter } });
  const find = h("button", { type: "button", on: { click: findPerson } }, t("shop.wrap.find"));
  const errorNotice = h("div", { class: "wrong", role: "alert" });
  let choice = null;
  function draw(chosenId) {
    if (known.size === 0) return;
    choice = radios(
      t("shop.wrap.friends"),
      name,
      [...known.values()].map((person) => ({ value: person.user_id, label: person.display_name, hint: person.handle && h("span", { translate: "no" }, `@${person.handle}`) })),
      chosenId,
      { className: "pills", onChange: changed },
    );
    fill(list, choice.element);
  }
  function changed() {
    clearError();
    onChange();
  }
  function clearError() {
    fill(errorNotice);
  }
  function showError(...content) {
    fill(errorNotice, content);
    // The bar at the bottom would cover it.
    errorNotice.scrollIntoView({ block: "center" });
  }
  function findOnEnter(event) {
    // While an input method composes, Enter takes what it offers. Safari reports it as key 229, and composing as over.
    if (event.key !== "Enter" || event.isComposing || event.keyCode === COMPOSING_KEY) return;
    event.preventDefault();
    findPerson();
  }
  async function findPerson() {
    const wanted = handle.value.trim().replace(/^@/, "");
    clearError();
    if (!wanted) {
      handle.focus();
      return;
    }
    if (find.getAttribute("aria-busy")) return;
    find.setAttribute("aria-busy", "true");
    try {
      const person = await call("GET", `/people/${encodeURIComponent(wanted)}`);
      known.set(person.user_id, person);
      draw(person.user_id);
      handle.value = "";
      announce(t("shop.wrap.found", { name: person.display_name }));
      onChange();
    } catch (error) {
      const isUnknown = error instanceof Problem && error.status === 404;
      if (isUnknown) showError(t("problem.recipient-unknown"), " ", onUnknown(clearError));
      else showError(errorText(error));
    } finally {
      find.removeAttribute("aria-busy");
    }
  }
  const person = () => known.get(choice?.value()) ?? null;
  function check() {
    if (person()) return true;
    fill(errorNotice, missing);
    handle.focus();
    return false;
  }
  function explain({ code }) {
    if (!person() || !ABOUT_THE_PERSON.includes(code)) return false;
    const { display_name: name } = person();
    showError(code === "recipient-unknown" ? t("shop.wrap.not_possible", { name }) : t(`problem.${code}`), " ", code !== "self-gift" && onUnknown(clearError));
    choice.focus();
    return true;
  }
  draw(chosen?.user_id);
  const element = h("div", {}, list, h("div", { class: "find" }, h("label", {}, t("shop.wrap.handle"), handle), find), errorNotice);
  return { element, person, check, explain, showError };
}
