// Written by `make generate` from functions/web/assets; change it there.
handsel.define("radios.js", ["dom.js"], async ({ h }) => {
function radios(legend, name, options, chosen, { className = "", onChange = () => {} } = {}) {
  const element = h(
    "fieldset",
    { class: `radios ${className}`, on: { change: () => onChange(value()) } },
    h("legend", {}, legend),
    h("div", { class: "options" }, options.map((option) => card(name, option, chosen))),
  );
  function value() {
    return element.querySelector("input:checked")?.value ?? null;
  }
  const find = (wanted) => [...element.querySelectorAll("input")].find((each) => each.value === wanted);
  function choose(wanted, { focus = true } = {}) {
    const input = find(wanted);
    input.click();
    if (focus) input.focus();
  }
  function focus() {
    element.querySelector("input:checked").focus({ preventScroll: true });
  }
  function disable(wanted, isDisabled, text) {
    const input = find(wanted);
    input.disabled = isDisabled;
    input.closest("label").querySelector("small").textContent = text;
  }
  return { element, value, choose, focus, disable };
}

function card(name, { value, label, hint, image, theme, disabled }, chosen) {
  return h(
    "label",
    { class: "option", "data-theme": theme },
    h("input", { type: "radio", name, value, checked: value === chosen, disabled }),
    image && h("img", { src: image, alt: "", width: 1200, height: 630, loading: "lazy" }),
    h("span", { dir: "auto" }, label, hint && h("small", { dir: "auto" }, hint)),
  );
}
return { radios };
});
handsel.define("person_choice.js", ["api.js", "dom.js", "errors.js", "i18n.js", "radios.js"], async ({ call, Problem }, { announce, fill, h }, { errorText }, { t }, { radios }) => {
const COMPOSING_KEY = 229;
const ABOUT_THE_PERSON = ["recipient-unknown", "too-many-gifts", "self-gift"];

function personChoice({ contacts, name, chosen = null, missing, onUnknown = () => null, onChange = () => {} }) {
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
    errorNotice.scrollIntoView({ block: "center" });
  }
  function findOnEnter(event) {
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
return { personChoice };
});
handsel.define("policy.js", ["api.js", "clock.js", "i18n.js"], async ({ call }, { now }, { span, t }) => {
const DAY_MS = 86_400_000;

let asked = null;

function currentPolicy() {
  asked ??= call("GET", "/meta/policy", { anonymous: true }).catch(() => {
    asked = null;
    return null;
  });
  return asked;
}

const isForbidden = ({ refusals }, rule) => refusals.some((each) => each.rule === rule);

async function rulesOf(order) {
  const current = await currentPolicy();
  const mayChoose = !isForbidden(order, "giver_may_choose");
  const { policy_id: id, version } = order.policy;
  if (!current || id !== current.policy_id || version !== current.version) return { window: null, atEnd: null, mayChoose };
  const { window, at_end: atEnd } = current.rules;
  const seconds = window.value[order.product.kind];
  return { window: isCut(order, seconds) ? null : seconds, atEnd: atEnd.value, mayChoose };
}

function voucherEnd({ product: { validity_days: days }, payment: { paid_at: paidAt } }) {
  return days === null ? null : Date.parse(paidAt) + days * DAY_MS;
}

function isCut(order, seconds) {
  const end = voucherEnd(order);
  return end !== null && end < now() + seconds * 1000;
}

function within(window) {
  return window === null ? t("shop.end.in_time") : t("shop.end.within", { time: span(window) });
}
return { currentPolicy, isForbidden, rulesOf, voucherEnd, within };
});
handsel.define("end_choice.js", ["dom.js", "i18n.js", "person_choice.js", "policy.js", "radios.js"], async ({ h }, { t }, { personChoice }, { within }, { radios }) => {
const ENDS = ["order", "refund", "give_to"];

function endChoice({ contacts, chosen, second: known = null, window, shares = 1, firstId = () => null, onChange = () => {} }) {
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
return { endChoice };
});
