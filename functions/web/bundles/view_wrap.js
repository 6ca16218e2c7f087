// Written by `make generate` from functions/web/assets; change it there.
handsel.define("drafts.js", ["storage.js"], async ({ local }) => {
const STORAGE_KEY = "handsel.drafts";
const MAX_DRAFTS = 10;

const drafts = () => local.getJson(STORAGE_KEY) ?? {};

const findDraft = (orderId) => drafts()[orderId] ?? null;

function saveDraft(orderId, draft) {
  const { [orderId]: _, ...others } = drafts();
  local.setJson(STORAGE_KEY, Object.fromEntries([...Object.entries(others), [orderId, draft]].slice(-MAX_DRAFTS)));
}

function removeDraft(orderId) {
  const { [orderId]: _, ...others } = drafts();
  if (Object.keys(others).length > 0) local.setJson(STORAGE_KEY, others);
  else local.delete(STORAGE_KEY);
}
return { findDraft, saveDraft, removeDraft };
});
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
handsel.define("links.js", ["clock.js", "dom.js", "session.js", "storage.js"], async ({ now }, { reachable }, { currentUser }, { LINKS, local }) => {
const ownKey = () => LINKS + currentUser()?.sub;

function openLinks(key) {
  return Object.fromEntries(Object.entries(local.getJson(key) ?? {}).filter(([, { until }]) => Date.parse(until) > now()));
}

function saveLink(gift) {
  for (const key of local.keys().filter((each) => each.startsWith(LINKS))) store(key, openLinks(key));
  const link = { url: reachable(gift.share_url), until: gift.expires_at, version: gift.link_version ?? 0 };
  store(ownKey(), { ...openLinks(ownKey()), [gift.gift_id]: link });
}

function savedLink({ gift_id: id, expires_at: until, link_version: current }) {
  const links = local.getJson(ownKey()) ?? {};
  const saved = links[id];
  if (!saved) return undefined;
  const { url, version = 0 } = saved;
  if (version !== (current ?? 0)) {
    removeLink(id);
    return undefined;
  }
  if (until !== saved.until) store(ownKey(), { ...links, [id]: { ...saved, until } });
  return url;
}

function removeLink(giftId) {
  const { [giftId]: _, ...others } = openLinks(ownKey());
  store(ownKey(), others);
}

function store(key, links) {
  if (Object.keys(links).length > 0) local.setJson(key, links);
  else local.delete(key);
}
return { saveLink, savedLink, removeLink };
});
handsel.define("people.js", ["api.js", "storage.js"], async ({ call }, { local }) => {
const STORAGE_KEY = "handsel.names";
const MAX_NAMES = 50;
const MAX_CONTACTS = 100;

async function contacts(limit = MAX_CONTACTS) {
  const { items } = await call("GET", `/people?limit=${limit}`).catch(() => ({ items: [] }));
  return items;
}

const storedNames = () => new Map(Object.entries(local.getJson(STORAGE_KEY) ?? {}));

function saveName({ user_id: id, display_name: name }) {
  const names = storedNames();
  names.delete(id);
  names.set(id, name);
  local.setJson(STORAGE_KEY, Object.fromEntries([...names].slice(-MAX_NAMES)));
}

async function findName(id) {
  const stored = storedNames().get(id);
  if (typeof stored === "string") return stored;
  return (await contacts()).find((each) => each.user_id === id)?.display_name ?? null;
}
return { contacts, saveName, findName };
});
handsel.define("schedule.js", ["clock.js", "dom.js", "i18n.js", "radios.js"], async ({ now }, { fill, h }, { t, timeZone, whenExactly }, { radios }) => {
const DAY_MS = 86_400_000;
const MAX_DAYS = 365;
const FIRST_TIME = "09:00";

const two = (number) => String(number).padStart(2, "0");

const dateOf = (instant) => `${instant.getFullYear()}-${two(instant.getMonth() + 1)}-${two(instant.getDate())}`;

function instantOf(date, time) {
  const [, year, month, day] = /^(\d{4,6})-(\d\d)-(\d\d)$/.exec(date) ?? [];
  const [, hour, minute] = /^(\d\d):(\d\d)/.exec(time) ?? [];
  return year && hour ? new Date(year, month - 1, day, hour, minute) : null;
}

function scheduleChoice({ end, draft = null, onChange = () => {} }) {
  const error = h("p", { class: "wrong", id: "send-at-wrong", role: "alert" });
  const shown = h("p", { class: "faint", id: "send-at", role: "status" });
  const tomorrow = new Date(now() + DAY_MS);
  const described = { required: true, "aria-describedby": "send-at send-at-wrong" };
  const limits = { min: dateOf(new Date(now())), max: dateOf(new Date(latest())) };
  const date = h("input", { type: "date", name: "date", value: draft?.date ?? dateOf(tomorrow), ...limits, ...described });
  const time = h("input", { type: "time", name: "time", value: draft?.time ?? FIRST_TIME, ...described });
  const fields = h(
    "div",
    { class: "send-at", on: { input: changed } },
    h("div", { class: "fields" }, h("label", {}, t("shop.when.date"), date), h("label", {}, t("shop.when.time"), time)),
    shown,
    error,
  );
  const choice = radios(
    t("shop.when"),
    "when",
    ["now", "later"].map((value) => ({ value, label: t(`shop.when.${value}`) })),
    draft?.when ?? "now",
    { className: "pills", onChange: switched },
  );
  const isLater = () => choice.value() === "later";
  const instant = () => instantOf(date.value, time.value);

  function latest() {
    return Math.min(now() + MAX_DAYS * DAY_MS, end ?? Infinity);
  }
  function draw() {
    fields.hidden = !isLater();
    changed();
  }
  function switched() {
    draw();
    onChange();
  }
  function changed() {
    const chosen = instant();
    fill(shown, chosen && h("b", {}, t("shop.when.sends", { time: whenExactly(chosen) })), h("span", {}, t("shop.when.zone", { zone: timeZone(chosen ?? tomorrow) })));
    showError("");
  }
  function showError(text) {
    fill(error, text);
    for (const each of [date, time]) each.setAttribute("aria-invalid", Boolean(text));
  }
  function findError() {
    const chosen = instant()?.getTime() ?? null;
    if (chosen === null) return t("shop.when.missing");
    if (chosen <= now()) return t("shop.when.past");
    if (end !== null && chosen >= end) return t("shop.when.after_end", { time: whenExactly(end) });
    return chosen > latest() ? t("shop.when.too_far") : "";
  }
  function reject(text) {
    showError(text);
    (date.value ? time : date).focus();
  }
  function check() {
    const found = isLater() ? findError() : "";
    if (found) reject(found);
    return found === "";
  }
  function explain({ code, rule, errors }) {
    const isTooLate = code === "not-giftable" && [null, "minimum_window"].includes(rule);
    if (!isLater() || !(isTooLate || errors.some(({ pointer }) => pointer === "/send_at"))) return false;
    reject(isTooLate ? t("shop.when.too_late") : findError() || t("shop.when.invalid"));
    return true;
  }
  draw();
  return {
    element: h("div", {}, choice.element, fields),
    isLater,
    value: () => (isLater() ? { send_at: instant().toISOString() } : {}),
    check,
    explain,
    draft: () => ({ when: choice.value(), date: date.value, time: time.value }),
  };
}
return { scheduleChoice };
});
handsel.define("stepper.js", ["dom.js", "i18n.js"], async ({ h }, { t }) => {
function stepper(label, { min = 1, max, value = min, onChange = () => {} }) {
  const less = h("button", { type: "button", "aria-label": t("shop.decrease"), on: { click: () => set(number() - 1) } }, "−");
  const more = h("button", { type: "button", "aria-label": t("shop.increase"), on: { click: () => set(number() + 1) } }, "+");
  const input = h("input", { type: "number", inputmode: "numeric", min, max, value, "aria-label": label, on: { change: () => set(number()) } });
  function number() {
    const typed = Math.trunc(input.valueAsNumber);
    return Number.isNaN(typed) ? min : Math.min(max, Math.max(min, typed));
  }
  function set(number) {
    input.value = Math.min(max, Math.max(min, number));
    less.setAttribute("aria-disabled", input.valueAsNumber === min);
    more.setAttribute("aria-disabled", input.valueAsNumber === max);
    onChange(input.valueAsNumber);
  }
  set(value);
  const element = h(
    "div",
    { class: "stepper", role: "group", "aria-label": label },
    h("span", { class: "stepper-label", "aria-hidden": "true" }, label),
    h("span", { class: "stepper-box" }, less, input, more),
  );
  return { element, value: number };
}
return { stepper };
});
handsel.define("message.js", ["i18n.js"], async ({ language }) => {
const MAX_CHARACTERS = 60;
const MAX_CODE_POINTS = 400;

function clean(text) {
  const line = text.normalize("NFC").replace(/[\r\n\t]+/g, " ").trim();
  return /[^\s\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u.test(line) ? line : "";
}

const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter(language, { granularity: "grapheme" });
const CHARACTER = /(?:\p{RI}{2}|.)(?:[\p{M}\p{Emoji_Modifier}\u200c\u{e0020}-\u{e007f}]|\u200d\p{Extended_Pictographic}?)*/gsu;

function countCharacters(text, segments = segmenter) {
  return (segments ? [...segments.segment(text)] : (text.match(CHARACTER) ?? [])).length;
}
return { MAX_CHARACTERS, MAX_CODE_POINTS, clean, countCharacters };
});
handsel.define("wrapping.js", ["api.js", "dom.js", "i18n.js", "message.js", "policy.js", "radios.js", "session.js"], async ({ call }, { fill, h, reachable }, { language, t }, { clean, countCharacters, MAX_CHARACTERS, MAX_CODE_POINTS }, { currentPolicy }, { radios }, { currentUser }) => {
const OWN = "own";

const translated = language === "zh" ? await handsel.load("wrapping_zh.js") : { themes: {}, covers: {}, blessings: {} };

async function wrapping(kind, draft = null) {
  const [{ themes, covers, blessings }, name, policy] = await Promise.all([call("GET", `/wrappings?kind=${kind}`), ownName(), currentPolicy()]);
  const preview = previewOf({ kind, name });
  const cover = coverChoice(themes, withCover(covers, draft?.cover), draft?.cover?.cover_id, draw);
  const blessing = blessingChoice(blessings, policy?.rules.message_length.value ?? MAX_CHARACTERS, draft, draw);
  function draw() {
    preview.draw(cover.value(), blessing.text());
  }
  draw();
  return {
    preview: preview.element,
    fields: [cover.element, blessing.element],
    check: blessing.check,
    value: () => ({ cover_id: cover.value().cover_id, ...blessing.value() }),
    explain: blessing.explain,
    draft: () => ({ cover: cover.value(), ...blessing.draft() }),
  };
}

function withCover(covers, cover) {
  if (!cover || covers.some((each) => each.cover_id === cover.cover_id)) return covers;
  return [{ title: t("shop.wrap.same_cover"), ...cover }, ...covers];
}

async function ownName() {
  const me = await call("GET", "/me").catch(() => null);
  return me?.display_name ?? currentUser()?.name ?? "";
}

function previewOf({ kind, name }) {
  const image = h("img", { alt: "", width: 1200, height: 630 });
  const text = h("p", { class: "blessing", dir: "auto" });
  const element = h(
    "figure",
    { class: `preview ${kind}`, "aria-label": t("shop.wrap.preview") },
    image,
    h("figcaption", {}, h("p", { class: "from" }, t("shop.wrap.from", { name })), text),
  );
  function draw(cover, blessing) {
    const url = reachable(cover.image_url);
    if (image.getAttribute("src") !== url) image.src = url;
    element.dataset.theme = cover.theme;
    fill(text, blessing);
  }
  return { element, draw };
}

function coverChoice(themes, covers, chosenId, onChange) {
  const place = h("div", {});
  const first = covers.find((each) => each.cover_id === chosenId) ?? covers[0];
  let choice;
  function show(theme, chosen) {
    const shown = covers.filter((each) => each.theme === theme);
    const options = shown.map((each) => ({ value: each.cover_id, label: translated.covers[each.cover_id] ?? each.title, image: each.image_url }));
    choice = radios(t("shop.wrap.cover"), "cover", options, chosen ?? options[0].value, { className: "covers", onChange });
    fill(place, choice.element);
  }
  function changed(theme) {
    show(theme);
    onChange();
  }
  show(first.theme, first.cover_id);
  const series =
    themes.length > 1 &&
    radios(
      t("shop.wrap.series"),
      "series",
      themes.map((each) => ({ value: each.theme_id, label: translated.themes[each.theme_id] ?? each.title, theme: each.theme_id })),
      first.theme,
      { className: "pills", onChange: changed },
    );
  return {
    element: h("div", {}, series && series.element, place),
    value: () => covers.find((each) => each.cover_id === choice.value()),
  };
}

function findDrafted(blessings, texts, draft) {
  const [first] = blessings;
  if (draft?.blessing in texts) return draft.blessing;
  if (!draft?.message) return first.blessing_id;
  const isSame = ({ blessing_id: id, text }) => [text, texts[id]].includes(draft.message);
  return (draft.blessing !== OWN && blessings.find(isSame)?.blessing_id) || OWN;
}

function blessingChoice(blessings, longest, draft, onChange) {
  const texts = Object.fromEntries(blessings.map((each) => [each.blessing_id, translated.blessings[each.blessing_id] ?? each.text]));
  const drafted = findDrafted(blessings, texts, draft);
  const counter = h("p", { class: "counter", id: "message-counter" });
  const error = h("p", { class: "wrong", id: "message-wrong", role: "alert" });
  const input = h("textarea", { name: "message", rows: 2, value: draft?.message ?? "", maxlength: 2 * MAX_CODE_POINTS, dir: "auto", "aria-describedby": "message-counter message-wrong", on: { input: typed } });
  const own = h("div", { class: "own", hidden: drafted !== OWN }, h("label", {}, t("shop.wrap.message"), input), counter, error);
  const choice = radios(
    t("shop.wrap.blessing"),
    "blessing",
    [{ value: OWN, label: t("shop.wrap.own") }, ...blessings.map((each) => ({ value: each.blessing_id, label: texts[each.blessing_id] }))],
    drafted,
    { className: "pills strip", onChange: chosen },
  );
  function chosen(value) {
    own.hidden = value !== OWN;
    if (value === OWN) input.focus();
    typed();
  }
  function typed() {
    const count = countCharacters(clean(input.value));
    fill(counter, t("shop.wrap.counter", { count, longest }));
    counter.classList.toggle("over", count > longest);
    if (errorIn(input.value) === "") showError("");
    onChange();
  }
  function errorIn(text) {
    const message = clean(text);
    const count = countCharacters(message);
    if (count === 0) return t("shop.wrap.no_message");
    if (count > longest) return t("shop.wrap.too_long", { over: count - longest });
    return [...message].length > MAX_CODE_POINTS ? t("shop.wrap.too_many_marks") : "";
  }
  function showError(text) {
    fill(error, text);
    input.setAttribute("aria-invalid", Boolean(text));
  }
  function check() {
    if (choice.value() !== OWN) return true;
    const found = errorIn(input.value);
    if (found !== "") reject(found);
    return found === "";
  }
  function reject(text) {
    showError(text);
    input.focus();
  }
  function explain({ code }) {
    if (choice.value() !== OWN || code !== "message-refused") return false;
    reject(t("shop.wrap.message_refused"));
    return true;
  }
  function value() {
    if (choice.value() === OWN) return { message: clean(input.value) };
    return choice.value() in translated.blessings ? { message: texts[choice.value()] } : { blessing_id: choice.value() };
  }
  fill(counter, t("shop.wrap.counter", { count: countCharacters(clean(input.value)), longest }));
  return {
    element: h("div", {}, choice.element, own),
    text: () => (choice.value() === OWN ? clean(input.value) : texts[choice.value()]),
    value,
    check,
    explain,
    draft: () => ({ blessing: choice.value(), message: input.value }),
  };
}
return { wrapping };
});
handsel.define("view_wrap.js", ["api.js", "dom.js", "drafts.js", "end_choice.js", "errors.js", "i18n.js", "links.js", "people.js", "person_choice.js", "policy.js", "radios.js", "router.js", "schedule.js", "stepper.js", "ui.js", "wrapping.js"], async ({ call, create }, { announce, fill, h }, { findDraft, removeDraft, saveDraft }, { endChoice }, { explainedBy }, { t }, { saveLink }, { contacts, saveName }, { personChoice }, { rulesOf, voucherEnd, within }, { radios }, { redraw, replace }, { scheduleChoice }, { stepper }, { runAction }, { wrapping }) => {
const MAX_OFFERED = 20;

async function view(main, { id }) {
  const here = location.hash;
  const order = await call("GET", `/orders/${id}`);
  const { product, units, actions } = order;
  if (!actions.includes("gift")) {
    if (location.hash === here) replace(`#/orders/${id}`);
    return "";
  }
  const draft = findDraft(id);
  const [wrapped, rules, people] = await Promise.all([wrapping(product.kind, draft?.wrapping), rulesOf(order), contacts(MAX_OFFERED)]);
  const recipient = recipientChoice(people, units.available, draft?.recipient, changeRecipient);
  const schedule = scheduleChoice({ end: voucherEnd(order), draft: draft?.schedule, onChange: drawButton });
  const end = endFields(rules, people, draft?.end, { firstId: () => recipient.person()?.user_id, onChange: save });
  const parts = [recipient, wrapped, schedule, end];
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "submit", class: "main" });
  drawButton();
  end.setShares(recipient.shares());
  function changeRecipient() {
    end.setShares(recipient.shares());
    save();
  }
  function drawButton() {
    fill(button, t(schedule.isLater() ? "shop.wrap.schedule" : "shop.wrap.give"));
  }
  function save() {
    saveDraft(id, { recipient: recipient.draft(), wrapping: wrapped.draft(), schedule: schedule.draft(), end: end.draft() });
  }
  async function give() {
    if (!parts.every((part) => part.check())) return;
    const person = recipient.person();
    const body = {
      shares: recipient.shares(),
      ...(person && { recipient_id: person.user_id }),
      wrapping: wrapped.value(),
      ...schedule.value(),
      ...end.value(),
    };
    const gift = await explainedBy(parts, () => create(`give:${id}`, `/orders/${id}/gifts`, body));
    if (!gift) return;
    removeDraft(id);
    if (!person) saveLink(gift);
    for (const each of [person, end.person()]) if (each) saveName(each);
    announce(t("shop.wrap.done"));
    if (location.hash === here) replace(`#/gifts/${gift.gift_id}`);
  }
  const submit = (event) => {
    event.preventDefault();
    runAction(button, notice, give);
  };
  fill(
    main,
    h("h1", {}, t("shop.wrap.title")),
    draft && !draft.isRepeated && draftNote(id),
    h(
      "form",
      { class: "wrapping", novalidate: true, on: { submit, input: save, change: save } },
      recipient.element,
      wrapped.preview,
      wrapped.fields,
      schedule.element,
      end.element,
      h("div", { class: "purchase" }, h("div", {}, notice, button)),
    ),
  );
  return t("shop.wrap.title");
}

function draftNote(id) {
  const startOver = () => {
    removeDraft(id);
    redraw();
    announce(t("shop.wrap.started_over"));
  };
  return h("p", { class: "draft" }, t("shop.wrap.draft"), " ", h("button", { type: "button", class: "link", on: { click: startOver } }, t("shop.wrap.start_over")));
}

function recipientChoice(people, available, draft, onChange) {
  const mayBeGroup = available > 1;
  const chosen = draft && (draft.to !== "group" || mayBeGroup) ? draft.to : "link";
  const number = stepper(t("shop.wrap.shares"), { min: Math.min(2, available), max: Math.min(50, available), value: draft?.shares });
  const group = h("div", { class: "to group" }, number.element, h("p", { class: "faint" }, t("shop.wrap.group_hint")));
  const friend = personChoice({ contacts: people, chosen: draft?.person, name: "friend", missing: t("shop.wrap.no_friend"), onUnknown: linkInstead, onChange });
  const fields = h("div", { class: "to friend" }, friend.element);
  const to = radios(
    t("shop.wrap.to"),
    "to",
    [
      { value: "friend", label: t("shop.wrap.to_friend"), hint: t("shop.wrap.to_friend_hint") },
      { value: "link", label: t("shop.wrap.to_link"), hint: t("shop.wrap.to_link_hint") },
      { value: "group", label: t("shop.wrap.to_group"), hint: t(mayBeGroup ? "shop.wrap.to_group_hint" : "shop.wrap.to_group_off"), disabled: !mayBeGroup },
    ],
    chosen,
    {
      className: "rows-of-three",
      onChange: () => {
        draw();
        onChange();
      },
    },
  );
  function draw() {
    fields.hidden = to.value() !== "friend";
    group.hidden = to.value() !== "group";
  }
  function linkInstead(clearError) {
    const choose = () => {
      clearError();
      to.choose("link");
    };
    return h("button", { type: "button", class: "link", on: { click: choose } }, t("shop.wrap.link_instead"));
  }
  const person = () => (to.value() === "friend" ? friend.person() : null);
  draw();
  return {
    element: h("div", {}, to.element, fields, group),
    shares: () => (to.value() === "group" ? number.value() : 1),
    person,
    check: () => to.value() !== "friend" || friend.check(),
    explain: (error) => person() !== null && !error.errors.some(({ pointer }) => pointer.startsWith("/at_end")) && friend.explain(error),
    draft: () => ({ to: to.value(), shares: number.value(), person: friend.person() }),
  };
}

function endFields({ window, atEnd, mayChoose }, people, draft, { firstId, onChange }) {
  if (!mayChoose) {
    const text = t(`shop.end.fixed.${atEnd ?? "unknown"}`, { within: within(window) });
    return { element: h("p", { class: "faint" }, text), check: () => true, explain: () => false, value: () => ({}), draft: () => null, person: () => null, setShares: () => {} };
  }
  const choice = endChoice({ contacts: people, chosen: draft?.then ?? atEnd ?? "order", second: draft?.person, window, firstId, onChange: changed });
  const shown = h("b", { dir: "auto" });
  const element = h("details", { class: "ending" }, h("summary", {}, h("span", {}, t("shop.end.if", { within: within(window) })), shown), choice.element);
  function draw() {
    fill(shown, choice.text());
  }
  function changed() {
    draw();
    onChange();
  }
  function unfold() {
    if (choice.then() === "give_to") element.open = true;
  }
  function check() {
    unfold();
    return choice.check();
  }
  function explain(error) {
    unfold();
    return choice.explain(error);
  }
  function value() {
    const end = choice.value();
    return end.then === atEnd ? {} : { at_end: end };
  }
  draw();
  return { ...choice, element, check, explain, value, draft: () => ({ then: choice.then(), person: choice.person() }) };
}
return { view };
});
