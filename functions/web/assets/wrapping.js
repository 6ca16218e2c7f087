// How a gift looks: its cover, the words with it, and both as the friend will see them.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { language, t } from "./i18n.js";
import { radios } from "./radios.js";
import { who } from "./session.js";

const LONGEST = 60;
const OWN = "own";

// The API has these in English. What a giver reads in their language is what their friend is to read.
const ours = language === "zh" ? await import("./wrapping_zh.js") : { covers: {}, blessings: {} };

/** How long a message is to the API: in characters, without the space around them. */
const length = (text) => [...text.trim()].length;

/**
 * What a product of a kind can be wrapped in, to choose from.
 *
 * @returns `{preview, fields, check(), value()}`: elements; whether it can be sent like that, which it says where not; the
 *   wrapping as the API takes it.
 */
export async function wrapping(kind) {
  const { covers, blessings } = await call("GET", `/wrappings?kind=${kind}`);
  const preview = previewOf({ kind });
  const cover = radios(
    t("shop.wrap.cover"),
    "cover",
    covers.map((each) => ({ value: each.cover_id, label: ours.covers[each.cover_id] ?? each.title, image: each.image_url })),
    covers[0].cover_id,
    { look: "covers", changed: draw },
  );
  const words = wordsOf(blessings, draw);
  function draw() {
    preview.draw(covers.find((each) => each.cover_id === cover.value()), words.text());
  }
  draw();
  return {
    preview: preview.element,
    fields: [cover.element, words.element],
    check: words.check,
    value: () => ({ cover_id: cover.value(), ...words.value() }),
  };
}

/** What the friend will see, as it is now. */
function previewOf({ kind }) {
  const image = h("img", { alt: "", width: 1200, height: 630 });
  const text = h("p", { class: "blessing" });
  const element = h(
    "figure",
    { class: `preview ${kind}`, "aria-label": t("shop.wrap.preview") },
    image,
    h("figcaption", {}, h("p", { class: "from" }, t("shop.wrap.from", { name: who()?.name ?? "" })), text),
  );
  function draw(cover, blessing) {
    if (image.getAttribute("src") !== cover.image_url) image.src = cover.image_url;
    fill(text, blessing);
  }
  return { element, draw };
}

/** One of our blessings, or words of one's own. */
function wordsOf(blessings, changed) {
  const texts = Object.fromEntries(blessings.map((each) => [each.blessing_id, ours.blessings[each.blessing_id] ?? each.text]));
  const counter = h("p", { class: "counter", id: "message-counter" });
  const wrong = h("p", { class: "wrong", id: "message-wrong", role: "alert" });
  const input = h("textarea", { name: "message", rows: 2, "aria-describedby": "message-counter message-wrong", on: { input: typed } });
  const own = h("div", { class: "own", hidden: true }, h("label", {}, t("shop.wrap.message"), input), counter, wrong);
  const choice = radios(
    t("shop.wrap.words"),
    "blessing",
    [{ value: OWN, label: t("shop.wrap.own") }, ...blessings.map((each) => ({ value: each.blessing_id, label: texts[each.blessing_id] }))],
    blessings[0].blessing_id,
    { look: "pills strip", changed: chosen },
  );
  function chosen(value) {
    own.hidden = value !== OWN;
    if (value === OWN) input.focus();
    typed();
  }
  function typed() {
    const count = length(input.value);
    fill(counter, t("shop.wrap.counter", { count, longest: LONGEST }));
    counter.classList.toggle("over", count > LONGEST);
    if (count > 0 && count <= LONGEST) say("");
    changed();
  }
  function say(text) {
    fill(wrong, text);
    input.setAttribute("aria-invalid", Boolean(text));
  }
  function check() {
    if (choice.value() !== OWN) return true;
    const count = length(input.value);
    if (count >= 1 && count <= LONGEST) return true;
    say(count === 0 ? t("shop.wrap.no_words") : t("shop.wrap.too_long", { over: count - LONGEST }));
    input.focus();
    return false;
  }
  function value() {
    if (choice.value() === OWN) return { message: input.value.trim() };
    return choice.value() in ours.blessings ? { message: texts[choice.value()] } : { blessing_id: choice.value() };
  }
  fill(counter, t("shop.wrap.counter", { count: 0, longest: LONGEST }));
  return {
    element: h("div", {}, choice.element, own),
    text: () => (choice.value() === OWN ? input.value.trim() : texts[choice.value()]),
    value,
    check,
  };
}
