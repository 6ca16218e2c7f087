// Written by `make generate` from functions/web/assets; change it there.
handsel.define("panel.js", ["dom.js", "i18n.js"], async ({ h, openDialog }, { t }) => {
let open = null;

function panel(title, draw) {
  if (open) return Promise.resolve(null);
  open = showPanel(title, draw).finally(() => {
    open = null;
  });
  return open;
}

function showPanel(title, draw) {
  return new Promise((resolve) => {
    const opener = document.activeElement;
    let result = null;
    const close = (value) => {
      result = value;
      dialog.close();
    };
    const heading = h("h2", { id: "panel-title" }, title);
    const cross = h("button", { type: "button", class: "quiet close", "aria-label": t("close"), on: { click: closeByUser } }, "✕");
    const dialog = h("dialog", { class: "panel", "aria-labelledby": "panel-title" }, h("header", {}, heading, cross), draw(close));
    let hasLeft = false;
    const isBusy = () => !hasLeft && result === null && dialog.querySelector("[aria-busy]");
    function closeByUser() {
      if (!isBusy()) dialog.close();
    }
    function leaveView() {
      hasLeft = true;
      dialog.close();
    }
    addEventListener("hashchange", leaveView);
    dialog.addEventListener("close", () => {
      if (isBusy()) return dialog.showModal();
      removeEventListener("hashchange", leaveView);
      dialog.remove();
      opener?.focus?.();
      return resolve(result);
    });
    document.body.append(dialog);
    openDialog(dialog);
  });
}
return { panel };
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
handsel.define("gift_safety.js", ["api.js", "dom.js", "i18n.js", "gift_wrap.js", "panel.js", "radios.js", "ui.js"], async ({ call }, { announce, fill, h }, { t }, { safetyTitle }, { panel }, { radios }, { action }) => {
const REASONS = ["unwanted", "offensive", "fraud", "other"];
const MAX_NOTE = 250;

function safety(view) {
  return h("div", { class: "safety" }, h("button", { type: "button", class: "link", on: { click: () => askWhatIsWrong(view) } }, safetyTitle(view)));
}

function askWhatIsWrong(view, body = {}) {
  const { gift_id: giftId, giver_id: giverId, giver_name: name } = view;
  let isDone = false;
  const closed = panel(safetyTitle(view), (close) => {
    const place = h("div", {});
    const done = (text) => {
      isDone = true;
      fill(place, h("p", { class: "done", tabindex: -1 }, text), h("button", { type: "button", on: { click: () => close(true) } }, t("close")));
      place.firstChild.focus();
      announce(text);
    };
    const ask = (title, ...content) => {
      const heading = h("h3", { tabindex: -1 }, title);
      fill(place, giverId && heading, ...content, giverId && h("button", { type: "button", class: "quiet", on: { click: choose } }, t("safety.back")));
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
  return closed.then(() => isDone);
}
return { safety, askWhatIsWrong };
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
handsel.define("gift_thanks.js", ["api.js", "dom.js", "errors.js", "i18n.js", "message.js", "policy.js", "ui.js"], async ({ call, create, Problem }, { announce, fill, h }, { Explained }, { t }, { clean, countCharacters, MAX_CHARACTERS, MAX_CODE_POINTS }, { currentPolicy }, { action, runAction }) => {
const READY = 4;

function thanking({ giftId, name, sent, onSent }) {
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

async function findThanks(giftId) {
  const { claims } = await call("GET", `/gifts/${giftId}`).catch(() => ({ claims: [] }));
  return claims?.find((claim) => claim.thanks)?.thanks.message ?? null;
}
return { thanking };
});
handsel.define("gift_timeline.js", ["api.js", "dom.js", "i18n.js"], async ({ call }, { fill, h }, { has, t, when }) => {
function giftTimeline(giftId, { isGiver = false } = {}) {
  const steps = h("ol", { class: "timeline" });
  const section = h("section", { class: "card story", "aria-labelledby": "story-title" }, h("h2", { id: "story-title" }, t("timeline.title")), steps);
  section.hidden = true;
  call("GET", `/gifts/${giftId}/timeline`).then(
    ({ items }) => {
      const known = items.filter(({ kind }) => has(`timeline.${kind}`));
      if (known.length === 0) return section.remove();
      fill(steps, known.map((item, index) => step(item, isGiver, index === known.length - 1)));
      section.hidden = false;
    },
    () => section.remove(),
  );
  return section;
}

function step({ kind, at, display_name: name, message, gift_id: other }, isGiver, isLatest) {
  const words = textOf(kind, name, isGiver);
  const href = isGiver ? `/g/${other}` : `/#/gifts/${other}`;
  return h(
    "li",
    { "aria-current": isLatest && "step" },
    h("strong", {}, other ? h("a", { href }, words) : words),
    message && h("q", { dir: "auto" }, message),
    h("time", { class: "faint", datetime: at }, when(at)),
  );
}

function textOf(kind, name, isGiver) {
  const side = isGiver && has(`timeline.${kind}.giver`) ? ".giver" : "";
  return name && has(`timeline.${kind}${side}.named`) ? t(`timeline.${kind}${side}.named`, { name }) : t(`timeline.${kind}${side}`);
}
return { giftTimeline };
});
handsel.define("gift_extras.js", ["api.js", "dom.js", "gift_safety.js", "gift_thanks.js", "gift_timeline.js"], async ({ call }, { fill, h }, { safety }, { thanking }, { giftTimeline }) => {
async function extras(view) {
  const { gift_id: giftId, giver_name: name } = view;
  const { claims, giver_id } = view.claims ? view : await call("GET", `/gifts/${giftId}`);
  const sent = claims.find((claim) => claim.thanks)?.thanks;
  const story = h("div", {}, giftTimeline(giftId));
  return {
    thanks: thanking({ giftId, name, sent, onSent: () => fill(story, giftTimeline(giftId)) }),
    timeline: story,
    safety: safety({ ...view, giver_id }),
  };
}
return { extras };
});
