// Choosing a wrapping: the cover, the blessing, and a preview.

import { call } from "./api.js";
import { fill, h, reachable } from "./dom.js";
import { language, t } from "./i18n.js";
import { clean, countCharacters, MAX_CHARACTERS, MAX_CODE_POINTS } from "./message.js";
import { currentPolicy } from "./policy.js";
import { radios } from "./radios.js";
import { currentUser } from "./session.js";

const OWN = "own";

// The API has these in English. A blessing that the giver chose in another language is sent as their own message.
const translated = language === "zh" ? await import("./wrapping_zh.js") : { themes: {}, covers: {}, blessings: {} };

/**
 * Return the fields for the wrapping of a product of a kind.
 *
 * @param {object} draft what `draft()` returned earlier, or null. A cover of it that is not offered today can be chosen all the same.
 * @returns `{preview, fields, check(), value(), explain(error), draft()}`: elements; `check` shows errors and returns whether there
 *   are none; `value()` is the wrapping as the API takes it; `explain` shows an error of the API and returns whether it is about
 *   the wrapping.
 */
export async function wrapping(kind, draft = null) {
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

/** Return the covers, with another one if it is not among them. */
function withCover(covers, cover) {
  if (!cover || covers.some((each) => each.cover_id === cover.cover_id)) return covers;
  return [{ title: t("shop.wrap.same_cover"), ...cover }, ...covers];
}

/** Return the name of the user's account, which may have been changed since the token was issued. */
async function ownName() {
  const me = await call("GET", "/me").catch(() => null);
  return me?.display_name ?? currentUser()?.name ?? "";
}

/** The gift as the friend will see it. */
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

/** The choice of a cover, from one series at a time. At first, the one with `chosenId` is chosen, or else the first one. */
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

/** Return the choice of a draft: the id of a blessing, or OWN. The text of a gift that is given again may be that of a blessing. */
function findDrafted(blessings, texts, draft) {
  const [first] = blessings;
  if (draft?.blessing in texts) return draft.blessing;
  if (!draft?.message) return first.blessing_id;
  const isSame = ({ blessing_id: id, text }) => [text, texts[id]].includes(draft.message);
  return (draft.blessing !== OWN && blessings.find(isSame)?.blessing_id) || OWN;
}

/** The choice of a blessing from the catalogue, or an own message of at most `longest` characters; at first that of a draft. */
function blessingChoice(blessings, longest, draft, onChange) {
  const texts = Object.fromEntries(blessings.map((each) => [each.blessing_id, translated.blessings[each.blessing_id] ?? each.text]));
  const drafted = findDrafted(blessings, texts, draft);
  const counter = h("p", { class: "counter", id: "message-counter" });
  const error = h("p", { class: "wrong", id: "message-wrong", role: "alert" });
  // `maxlength` counts units of UTF-16, of which a code point has at most two.
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
  /** Return what is wrong with a message, or an empty text. */
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
