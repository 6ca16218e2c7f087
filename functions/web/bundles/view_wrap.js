// Written by `make generate` from functions/web/assets; change it there.
handsel.define("links.js", ["clock.js", "dom.js", "session.js", "storage.js"], async ({ now }, { reachable }, { currentUser }, { LINKS, local }) => {
const ownKey = () => LINKS + currentUser()?.sub;

function openLinks(key) {
  return Object.fromEntries(Object.entries(local.getJson(key) ?? {}).filter(([, { until }]) => Date.parse(until) > now()));
}

function saveLink(gift, recipient = null) {
  for (const key of local.keys().filter((each) => each.startsWith(LINKS))) store(key, openLinks(key));
  const link = { url: reachable(gift.share_url), until: gift.expires_at, recipient };
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
  function choose(wanted) {
    const input = [...element.querySelectorAll("input")].find((each) => each.value === wanted);
    input.click();
    input.focus();
  }
  return { element, value, choose };
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
handsel.define("wrapping.js", ["api.js", "dom.js", "i18n.js", "radios.js", "session.js"], async ({ call }, { fill, h, reachable }, { language, t }, { radios }, { currentUser }) => {
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
  const [{ themes, covers, blessings }, name] = await Promise.all([call("GET", `/wrappings?kind=${kind}`), ownName()]);
  const preview = previewOf({ kind, name });
  const cover = coverChoice(themes, covers, draw);
  const blessing = blessingChoice(blessings, draw);
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

function blessingChoice(blessings, onChange) {
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
    fill(counter, t("shop.wrap.counter", { count, longest: MAX_CHARACTERS }));
    counter.classList.toggle("over", count > MAX_CHARACTERS);
    if (errorIn(input.value) === "") showError("");
    onChange();
  }
  function errorIn(text) {
    const message = clean(text);
    const count = countCharacters(message);
    if (count === 0) return t("shop.wrap.no_message");
    if (count > MAX_CHARACTERS) return t("shop.wrap.too_long", { over: count - MAX_CHARACTERS });
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
  fill(counter, t("shop.wrap.counter", { count: 0, longest: MAX_CHARACTERS }));
  return {
    element: h("div", {}, choice.element, own),
    text: () => (choice.value() === OWN ? clean(input.value) : texts[choice.value()]),
    value,
    check,
  };
}
return { countCharacters, wrapping };
});
handsel.define("view_wrap.js", ["api.js", "dom.js", "errors.js", "i18n.js", "links.js", "radios.js", "router.js", "stepper.js", "ui.js", "wrapping.js"], async ({ call, create, Problem }, { announce, fill, h }, { errorText }, { t }, { saveLink }, { radios }, { replace }, { stepper }, { runAction }, { wrapping }) => {
const COMPOSING_KEY = 229;

async function view(main, { id }) {
  const here = location.hash;
  const order = await call("GET", `/orders/${id}`);
  const { product, units, actions } = order;
  if (!actions.includes("gift")) {
    if (location.hash === here) replace(`#/orders/${id}`);
    return "";
  }
  const [wrapped, people] = await Promise.all([
    wrapping(product.kind),
    call("GET", "/people?limit=20").catch(() => ({ items: [] })),
  ]);
  const recipient = recipientChoice(people.items, units.available);
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "submit", class: "main" }, t("shop.wrap.give"));
  async function give() {
    if (!wrapped.check()) return;
    const to = recipient.value();
    if (!to) return;
    const body = {
      shares: to.shares,
      ...(to.person && { recipient_id: to.person.user_id }),
      wrapping: wrapped.value(),
    };
    const gift = await create(`give:${id}`, `/orders/${id}/gifts`, body);
    saveLink(gift, to.person?.display_name);
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
    h("form", { class: "wrapping", novalidate: true, on: { submit } }, wrapped.fields, recipient.element, h("div", { class: "purchase" }, h("div", {}, notice, button))),
  );
  return t("shop.wrap.title");
}

function recipientChoice(people, available) {
  const known = new Map(people.map((person) => [person.user_id, person]));
  const shares = stepper(t("shop.wrap.shares"), { min: Math.min(2, available), max: Math.min(50, available) });
  const group = h("div", { class: "to group", hidden: true }, shares.element, h("p", { class: "faint" }, t("shop.wrap.group_hint")));
  const list = h("div", {});
  const handle = h("input", { name: "handle", dir: "auto", autocapitalize: "none", autocomplete: "off", spellcheck: "false", translate: "no", on: { keydown: findOnEnter } });
  const find = h("button", { type: "button", on: { click: findFriend } }, t("shop.wrap.find"));
  const errorNotice = h("div", { class: "wrong", role: "alert" });
  const friend = h(
    "div",
    { class: "to friend", hidden: true },
    list,
    h("div", { class: "find" }, h("label", {}, t("shop.wrap.handle"), handle), find),
    errorNotice,
  );
  let friends = null;
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
        friend.hidden = value !== "friend";
        group.hidden = value !== "group";
      },
    },
  );
  function drawFriends(chosen) {
    if (known.size === 0) return;
    friends = radios(
      t("shop.wrap.friends"),
      "friend",
      [...known.values()].map((person) => ({ value: person.user_id, label: person.display_name, hint: person.handle && h("span", { translate: "no" }, `@${person.handle}`) })),
      chosen,
      { className: "pills", onChange: () => fill(errorNotice) },
    );
    fill(list, friends.element);
  }
  function linkInstead() {
    const choose = () => {
      fill(errorNotice);
      to.choose("link");
    };
    return h("button", { type: "button", class: "link", on: { click: choose } }, t("shop.wrap.link_instead"));
  }
  function findOnEnter(event) {
    if (event.key !== "Enter" || event.isComposing || event.keyCode === COMPOSING_KEY) return;
    event.preventDefault();
    findFriend();
  }
  async function findFriend() {
    const name = handle.value.trim().replace(/^@/, "");
    fill(errorNotice);
    if (!name) {
      handle.focus();
      return;
    }
    if (find.getAttribute("aria-busy")) return;
    find.setAttribute("aria-busy", "true");
    try {
      const person = await call("GET", `/people/${encodeURIComponent(name)}`);
      known.set(person.user_id, person);
      drawFriends(person.user_id);
      handle.value = "";
      announce(t("shop.wrap.found", { name: person.display_name }));
    } catch (error) {
      const isUnknown = error instanceof Problem && error.status === 404;
      fill(errorNotice, isUnknown ? [t("problem.recipient-unknown"), " ", linkInstead()] : errorText(error));
      errorNotice.scrollIntoView({ block: "center" });
    } finally {
      find.removeAttribute("aria-busy");
    }
  }
  function value() {
    if (to.value() === "link") return { shares: 1 };
    if (to.value() === "group") return { shares: shares.value() };
    const person = known.get(friends?.value());
    if (person) return { shares: 1, person };
    fill(errorNotice, t("shop.wrap.no_friend"));
    handle.focus();
    return null;
  }
  drawFriends(null);
  return { element: h("div", {}, to.element, friend, group), value };
}
return { view };
});
