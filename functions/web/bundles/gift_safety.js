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
  return panel(safetyTitle(view), (close) => {
    const place = h("div", {});
    const done = (text) => {
      fill(place, h("p", { class: "done", tabindex: -1 }, text), h("button", { type: "button", on: { click: () => close(true) } }, t("close")));
      place.firstChild.focus();
      announce(text);
    };
    const ask = (title, ...content) => {
      const heading = h("h3", { tabindex: -1 }, title);
      fill(place, giverId && heading, ...content, giverId && h("button", { type: "button", class: "quiet", on: { click: choose } }, t("gift.back")));
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
}
return { safety, askWhatIsWrong };
});
