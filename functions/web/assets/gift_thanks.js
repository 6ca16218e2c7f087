// Thanking the giver of a gift, once: with a tap on ready words, or with own words.

import { call, create, Problem } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { Explained } from "./errors.js";
import { t } from "./i18n.js";
import { clean, countCharacters, MAX_CHARACTERS, MAX_CODE_POINTS } from "./message.js";
import { currentPolicy } from "./policy.js";
import { action, runAction } from "./ui.js";

const READY = 4;

/**
 * The thanks for a gift, or the ways to send them. `sent` are those that the user sent, `{message, at}`; `onSent` is called when there are new ones.
 */
export function thanking({ giftId, name, sent, onSent }) {
  const section = h("section", { class: "card thanks", "aria-labelledby": "thanks-title" });

  async function send(message) {
    try {
      const { message: stored } = await create(`thank:${giftId}`, `/gifts/${giftId}/thanks`, { message });
      showSent(stored, { focus: true });
      announce(t("thanks.sent", { name }));
      onSent();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "already-thanked") {
        // On another device, or the answer to an earlier try was lost.
        showSent(await findThanks(giftId), { focus: true });
        return onSent();
      }
      if (error.code === "invalid-request") throw new Explained(t("thanks.invalid"));
      throw error;
    }
  }

  function showSent(message, { focus = false } = {}) {
    const title = h("h2", { id: "thanks-title", tabindex: -1 }, t("thanks.sent", { name }));
    fill(section, title, message && h("q", { dir: "auto" }, message));
    section.classList.add("sent-thanks");
    if (focus) title.focus();
  }

  function offer() {
    const own = h("div", {});
    const write = h("button", { type: "button", class: "link", on: { click: () => writeOwn(own, write) } }, t("thanks.own"));
    const ready = Array.from({ length: READY }, (_, index) => t(`thanks.ready.${index + 1}`));
    fill(
      section,
      h("h2", { id: "thanks-title" }, t("thanks.title", { name })),
      h("div", { class: "ready" }, ready.map((words) => action(words, () => send(words)))),
      write,
      own,
    );
  }

  function writeOwn(place, opener) {
    const count = h("p", { class: "counter faint", id: "thanks-count" });
    // `maxlength` counts units of UTF-16, of which a code point has at most two.
    const input = h("textarea", { name: "thanks", rows: 2, maxlength: 2 * MAX_CODE_POINTS, required: true, dir: "auto", "aria-describedby": "thanks-rules thanks-count", on: { input: draw } });
    const notice = h("div", { class: "notice" });
    const button = h("button", { type: "submit", class: "main" }, t("thanks.send"));
    let longest = MAX_CHARACTERS;
    function draw() {
      fill(count, t("shop.wrap.counter", { count: countCharacters(clean(input.value)), longest }));
    }
    const submit = (event) => {
      event.preventDefault();
      runAction(button, notice, () => send(input.value));
    };
    fill(
      place,
      h(
        "form",
        { on: { submit } },
        h("label", {}, t("thanks.words", { name }), input),
        count,
        h("p", { class: "faint", id: "thanks-rules" }, t("thanks.rules", { name })),
        notice,
        button,
      ),
    );
    draw();
    opener.remove();
    input.focus();
    currentPolicy().then((policy) => {
      longest = policy?.rules.message_length.value ?? longest;
      draw();
    });
  }

  if (sent) showSent(sent.message);
  else offer();
  return section;
}

/** Return the words that the user thanked with, or null. */
async function findThanks(giftId) {
  const { claims } = await call("GET", `/gifts/${giftId}`).catch(() => ({ claims: [] }));
  return claims?.find((claim) => claim.thanks)?.thanks.message ?? null;
}
