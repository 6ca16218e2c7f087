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
  function disable(wanted, isDisabled, text) {
    const input = find(wanted);
    input.disabled = isDisabled;
    input.closest("label").querySelector("small").textContent = text;
  }
  return { element, value, choose, disable };
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

function personChoice({ contacts, name, chosenId = null, missing, onUnknown = () => null, onChange = () => {} }) {
  const known = new Map(contacts.map((person) => [person.user_id, person]));
  const list = h("div", {});
  const handle = h("input", { name: "handle", dir: "auto", autocapitalize: "none", autocomplete: "off", spellcheck: "false", translate: "no", on: { keydown: findOnEnter } });
  const find = h("button", { type: "button", on: { click: findPerson } }, t("shop.wrap.find"));
  const errorNotice = h("div", { class: "wrong", role: "alert" });
  let choice = null;
  function draw(chosen) {
    if (known.size === 0) return;
    choice = radios(
      t("shop.wrap.friends"),
      name,
      [...known.values()].map((person) => ({ value: person.user_id, label: person.display_name, hint: person.handle && h("span", { translate: "no" }, `@${person.handle}`) })),
      chosen,
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
  draw(chosenId);
  const element = h("div", {}, list, h("div", { class: "find" }, h("label", {}, t("shop.wrap.handle"), handle), find), errorNotice);
  return { element, person, check, showError };
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

function isCut({ product: { validity_days: days }, payment: { paid_at: paidAt } }, seconds) {
  return days !== null && Date.parse(paidAt) + days * DAY_MS < now() + seconds * 1000;
}

function within(window) {
  return window === null ? t("shop.end.in_time") : t("shop.end.within", { time: span(window) });
}
return { currentPolicy, isForbidden, rulesOf, within };
});
handsel.define("end_choice.js", ["dom.js", "errors.js", "i18n.js", "person_choice.js", "policy.js", "radios.js"], async ({ h }, { Explained }, { t }, { personChoice }, { within }, { radios }) => {
const ENDS = ["order", "refund", "give_to"];

function endChoice({ contacts, chosen, chosenId = null, window, shares = 1, firstId = () => null, onChange = () => {} }) {
  const second = personChoice({ contacts, name: "second", chosenId, missing: t("shop.wrap.no_friend"), onChange });
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
    if (count > 1 && then() === "give_to") ends.choose(chosen, { focus: false });
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
  async function explained(send) {
    try {
      return await send();
    } catch (error) {
      if (person() && error.rule === "minimum_window") throw new Explained(t("shop.end.too_late"));
      throw error;
    }
  }
  return { element: h("div", {}, ends.element, fields), then, person, value, check, text, setShares, explained };
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
  const link = { url: reachable(gift.share_url), until: gift.expires_at };
  store(ownKey(), { ...openLinks(ownKey()), [gift.gift_id]: link });
}

function savedLink(giftId) {
  return openLinks(ownKey())[giftId];
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
handsel.define("wrapping.js", ["api.js", "dom.js", "i18n.js", "policy.js", "radios.js", "session.js"], async ({ call }, { fill, h, reachable }, { language, t }, { currentPolicy }, { radios }, { currentUser }) => {
const MAX_CHARACTERS = 60;
const MAX_CODE_POINTS = 400;
const OWN = "own";

const translated = language === "zh" ? await handsel.load("wrapping_zh.js") : { themes: {}, covers: {}, blessings: {} };

function clean(text) {
  const line = text.normalize("NFC").replace(/[\r\n\t]+/g, " ").trim();
  return /[^\s\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u.test(line) ? line : "";
}

const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter(language, { granularity: "grapheme" });
const CHARACTER = /(?:\p{RI}{2}|.)(?:[\p{M}\p{Emoji_Modifier}\u200c\u{e0020}-\u{e007f}]|\u200d\p{Extended_Pictographic}?)*/gsu;

function countCharacters(text, segments = segmenter) {
  return (segments ? [...segments.segment(text)] : (text.match(CHARACTER) ?? [])).length;
}

async function wrapping(kind) {
  const [{ themes, covers, blessings }, name, policy] = await Promise.all([call("GET", `/wrappings?kind=${kind}`), ownName(), currentPolicy()]);
  const preview = previewOf({ kind, name });
  const cover = coverChoice(themes, covers, draw);
  const blessing = blessingChoice(blessings, policy?.rules.message_length.value ?? MAX_CHARACTERS, draw);
  function draw() {
    preview.draw(cover.value(), blessing.text());
  }
  draw();
  return {
    preview: preview.element,
    fields: [cover.element, blessing.element],
    check: blessing.check,
    value: () => ({ cover_id: cover.value().cover_id, ...blessing.value() }),
  };
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

function coverChoice(themes, covers, onChange) {
  const place = h("div", {});
  let choice;
  function show(theme) {
    const shown = covers.filter((each) => each.theme === theme);
    const options = shown.map((each) => ({ value: each.cover_id, label: translated.covers[each.cover_id] ?? each.title, image: each.image_url }));
    choice = radios(t("shop.wrap.cover"), "cover", options, options[0].value, { className: "covers", onChange });
    fill(place, choice.element);
  }
  function changed(theme) {
    show(theme);
    onChange();
  }
  show(covers[0].theme);
  const series =
    themes.length > 1 &&
    radios(
      t("shop.wrap.series"),
      "series",
      themes.map((each) => ({ value: each.theme_id, label: translated.themes[each.theme_id] ?? each.title, theme: each.theme_id })),
      covers[0].theme,
      { className: "pills", onChange: changed },
    );
  return {
    element: h("div", {}, series && series.element, place),
    value: () => covers.find((each) => each.cover_id === choice.value()),
  };
}

function blessingChoice(blessings, longest, onChange) {
  const texts = Object.fromEntries(blessings.map((each) => [each.blessing_id, translated.blessings[each.blessing_id] ?? each.text]));
  const counter = h("p", { class: "counter", id: "message-counter" });
  const error = h("p", { class: "wrong", id: "message-wrong", role: "alert" });
  const input = h("textarea", { name: "message", rows: 2, maxlength: 2 * MAX_CODE_POINTS, dir: "auto", "aria-describedby": "message-counter message-wrong", on: { input: typed } });
  const own = h("div", { class: "own", hidden: true }, h("label", {}, t("shop.wrap.message"), input), counter, error);
  const choice = radios(
    t("shop.wrap.blessing"),
    "blessing",
    [{ value: OWN, label: t("shop.wrap.own") }, ...blessings.map((each) => ({ value: each.blessing_id, label: texts[each.blessing_id] }))],
    blessings[0].blessing_id,
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
    if (found === "") return true;
    showError(found);
    input.focus();
    return false;
  }
  function value() {
    if (choice.value() === OWN) return { message: clean(input.value) };
    return choice.value() in translated.blessings ? { message: texts[choice.value()] } : { blessing_id: choice.value() };
  }
  fill(counter, t("shop.wrap.counter", { count: 0, longest }));
  return {
    element: h("div", {}, choice.element, own),
    text: () => (choice.value() === OWN ? clean(input.value) : texts[choice.value()]),
    value,
    check,
  };
}
return { countCharacters, wrapping };
});
handsel.define("view_wrap.js", ["api.js", "dom.js", "end_choice.js", "i18n.js", "links.js", "people.js", "person_choice.js", "policy.js", "radios.js", "router.js", "stepper.js", "ui.js", "wrapping.js"], async ({ call, create }, { announce, fill, h }, { endChoice }, { t }, { saveLink }, { contacts, saveName }, { personChoice }, { rulesOf, within }, { radios }, { replace }, { stepper }, { runAction }, { wrapping }) => {
const MAX_OFFERED = 20;

async function view(main, { id }) {
  const here = location.hash;
  const order = await call("GET", `/orders/${id}`);
  const { product, units, actions } = order;
  if (!actions.includes("gift")) {
    if (location.hash === here) replace(`#/orders/${id}`);
    return "";
  }
  const [wrapped, rules, people] = await Promise.all([wrapping(product.kind), rulesOf(order), contacts(MAX_OFFERED)]);
  const recipient = recipientChoice(people, units.available, () => end.setShares(recipient.shares()));
  const end = endFields(rules, people, () => recipient.person()?.user_id);
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "submit", class: "main" }, t("shop.wrap.give"));
  async function give() {
    if (!wrapped.check() || !recipient.check() || !end.check()) return;
    const person = recipient.person();
    const body = {
      shares: recipient.shares(),
      ...(person && { recipient_id: person.user_id }),
      wrapping: wrapped.value(),
      ...end.value(),
    };
    const gift = await end.explained(() => create(`give:${id}`, `/orders/${id}/gifts`, body));
    saveLink(gift);
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
    wrapped.preview,
    h("form", { class: "wrapping", novalidate: true, on: { submit } }, wrapped.fields, recipient.element, end.element, h("div", { class: "purchase" }, h("div", {}, notice, button))),
  );
  return t("shop.wrap.title");
}

function recipientChoice(people, available, onChange) {
  const number = stepper(t("shop.wrap.shares"), { min: Math.min(2, available), max: Math.min(50, available) });
  const group = h("div", { class: "to group", hidden: true }, number.element, h("p", { class: "faint" }, t("shop.wrap.group_hint")));
  const friend = personChoice({ contacts: people, name: "friend", missing: t("shop.wrap.no_friend"), onUnknown: linkInstead });
  const fields = h("div", { class: "to friend", hidden: true }, friend.element);
  const to = radios(
    t("shop.wrap.to"),
    "to",
    [
      { value: "link", label: t("shop.wrap.to_link"), hint: t("shop.wrap.to_link_hint") },
      { value: "friend", label: t("shop.wrap.to_friend"), hint: t("shop.wrap.to_friend_hint") },
      { value: "group", label: t("shop.wrap.to_group"), hint: available > 1 ? t("shop.wrap.to_group_hint") : t("shop.wrap.to_group_off"), disabled: available < 2 },
    ],
    "link",
    {
      className: "rows-of-three",
      onChange: (value) => {
        fields.hidden = value !== "friend";
        group.hidden = value !== "group";
        onChange();
      },
    },
  );
  function linkInstead(clearError) {
    const choose = () => {
      clearError();
      to.choose("link");
    };
    return h("button", { type: "button", class: "link", on: { click: choose } }, t("shop.wrap.link_instead"));
  }
  return {
    element: h("div", {}, to.element, fields, group),
    shares: () => (to.value() === "group" ? number.value() : 1),
    person: () => (to.value() === "friend" ? friend.person() : null),
    check: () => to.value() !== "friend" || friend.check(),
  };
}

function endFields({ window, atEnd, mayChoose }, people, firstId) {
  if (!mayChoose) {
    const text = t(`shop.end.fixed.${atEnd ?? "unknown"}`, { within: within(window) });
    return { element: h("p", { class: "faint" }, text), check: () => true, value: () => ({}), person: () => null, setShares: () => {}, explained: (send) => send() };
  }
  const chosen = atEnd ?? "order";
  const choice = endChoice({ contacts: people, chosen, window, firstId, onChange: draw });
  const shown = h("b", { dir: "auto" });
  const element = h("details", { class: "ending" }, h("summary", {}, h("span", {}, t("shop.end.if", { within: within(window) })), shown), choice.element);
  function draw() {
    fill(shown, choice.text());
  }
  function check() {
    if (choice.then() === "give_to") element.open = true;
    return choice.check();
  }
  function value() {
    const end = choice.value();
    return end.then === atEnd ? {} : { at_end: end };
  }
  draw();
  return { ...choice, element, check, value };
}
return { view };
});
