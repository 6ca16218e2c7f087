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
handsel.define("timeline.js", ["dom.js", "i18n.js", "ui.js"], async ({ h }, { t, when }, { copyButton }) => {
const STEPS = ["ready_to_ship", "picked_up", "in_transit", "out_for_delivery", "delivered"];

function statusOf(status) {
  return t(`center.shipment.${status}`);
}

function timeline({ status, events, carrier, tracking_number: number, address, address_label: label }) {
  const reached = STEPS.indexOf(status);
  const ahead = reached < 0 ? [] : STEPS.slice(reached + 1);
  const past = events.length > 0 && status !== "cancelled" ? events : [...events, { status }];
  return h(
    "section",
    { class: "shipment", "aria-labelledby": "shipment-status" },
    h("h2", { id: "shipment-status", class: reached < 0 ? "mishap" : "" }, statusOf(status)),
    h(
      "ol",
      { class: "timeline" },
      past.map((event, index) => pastStep(event, index === past.length - 1)),
      ahead.map((each) => h("li", { class: "ahead" }, h("span", {}, statusOf(each)), h("span", { class: "unseen" }, t("center.upcoming")))),
    ),
    h(
      "dl",
      { class: "facts" },
      fact(t("center.carrier"), h("bdi", {}, carrier)),
      number && fact(t("center.tracking_number"), h("bdi", { translate: "no" }, number), " ", copyButton(number, t("center.copy_number"))),
      address && fact(t("center.address"), addressBlock(address, label)),
    ),
  );
}

function pastStep({ status, location, occurred_at: at }, latest) {
  return h(
    "li",
    { "aria-current": latest && "step" },
    h("strong", {}, statusOf(status)),
    at && h("span", { class: "faint" }, location && [h("bdi", {}, location), " · "], h("time", { datetime: at }, when(at))),
  );
}

function fact(name, ...value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function addressBlock({ phone, country }, label) {
  const names = new Intl.DisplayNames(document.documentElement.lang, { type: "region", fallback: "code" });
  const countryName = /^[A-Z]{2}$/.test(country) ? names.of(country) : country;
  return h("address", {}, [...label, countryName, phone].map((line) => h("span", { dir: "auto" }, line)));
}
return { statusOf, timeline, fact };
});
handsel.define("refunds.js", ["api.js", "dom.js", "errors.js", "i18n.js", "panel.js", "radios.js", "timeline.js", "ui.js"], async ({ call, create, Problem }, { announce, fill, h }, { Explained }, { t, when }, { panel }, { radios }, { fact }, { action, runAction }) => {
const MAX_NOTE = 300;
const MAX_CARRIER = 80;
const MAX_NUMBER = 64;
const REASONS = {
  voucher: ["unwanted", "other"],
  ready_to_ship: ["unwanted", "not_shipped", "other"],
  lost: ["lost", "other"],
  returned: ["unwanted", "other"],
  delivered: ["damaged", "wrong_item", "unwanted", "other"],
};

function stageOf(state) {
  return state in REASONS ? state : "delivered";
}

const hint = (state, isLate) => t(`refund.hint.${isLate ? "late" : stageOf(state)}`);

function askForRefund({ id, state, giver = null, holder = null, reason = null }) {
  const stage = stageOf(state);
  return panel(t("refund.ask"), (close) => {
    const options = REASONS[stage].map((value) => ({ value, label: t(`refund.reason.${value}`) }));
    const why = radios(t("refund.why"), "reason", options, reason ?? REASONS[stage][0]);
    const note = h("textarea", { name: "note", maxlength: MAX_NOTE, rows: 2, dir: "auto" });
    const send = async () => {
      const text = note.value.replace(/\s+/g, " ").trim();
      const body = { reason: why.value(), ...(text && { note: text }) };
      close(await explained(() => create(`ask-refund:${id}`, `/holdings/${id}/refund-requests`, body), "refund.note_invalid"));
    };
    return [
      h("p", {}, t(holder === null ? `refund.effect.${stage}` : `refund.friend.${stage}`, { name: holder })),
      h("p", {}, giver === null ? t("shop.refund_hint") : t("refund.to_giver", { name: giver })),
      why.element,
      h("label", {}, t("refund.note"), note),
      action(t("refund.ask"), send, { class: "main" }),
    ];
  });
}

async function explained(perform, key) {
  try {
    return await perform();
  } catch (error) {
    if (error instanceof Problem && error.code === "invalid-request") throw new Explained(t(key));
    throw error;
  }
}

function progress(request, { giver = null, isHolder = true }, changed) {
  const { refund_request_id: id, state, reason, note, decision_note: decision, actions } = request;
  const isAsker = reason !== null;
  const isReturning = state === "returning";
  const withdraw = async () => {
    changed(await call("POST", `/refund-requests/${id}/withdraw`));
    announce(t("refund.withdrawn"));
  };
  return h(
    "section",
    { class: "card refund", "aria-labelledby": "refund-state" },
    h("h2", { id: "refund-state" }, t(`refund.${state}`)),
    h("p", {}, stateText(request, { giver, isHolder, isAsker })),
    h(
      "dl",
      { class: "facts" },
      isAsker && fact(t("refund.why"), t(`refund.reason.${reason}`)),
      note && fact(t("refund.your_note"), h("bdi", {}, note)),
      decision && fact(t("refund.decision_note"), h("bdi", {}, decision)),
      request.return_carrier && fact(t("center.carrier"), h("bdi", {}, request.return_carrier)),
      request.return_tracking_number && fact(t("center.tracking_number"), h("bdi", { translate: "no" }, request.return_tracking_number)),
    ),
    actions.includes("return") && h("button", { type: "button", class: isReturning ? "quiet" : "main", on: { click: sendBack } }, t(isReturning ? "refund.correct" : "refund.return")),
    actions.includes("withdraw") && action(t("refund.withdraw"), withdraw, { class: "quiet" }),
  );

  async function sendBack() {
    const answer = await panel(t("refund.return"), (close) => returnForm(request, close));
    if (!answer) return;
    changed(answer);
    announce(t("refund.returning"));
  }
}

function stateText({ state, decide_by: decideBy, due_at: due }, { giver, isHolder, isAsker }) {
  switch (state) {
    case "requested":
      return t(isAsker ? "refund.requested.text" : "refund.requested.by_payer", { time: when(decideBy), name: giver });
    case "approved":
      return t(isHolder ? "refund.approved.text" : "refund.approved.friend", { time: due && when(due) });
    case "refunding":
    case "refunded":
      return t(giver === null ? `refund.${state}.own` : `refund.${state}.giver`, { name: giver });
    default:
      return t(`refund.${state}.text`);
  }
}

function returnForm({ refund_request_id: id, return_carrier: carrierNow, return_tracking_number: numberNow }, close) {
  const notice = h("div", { class: "notice" });
  const carrier = h("input", { name: "carrier", value: carrierNow ?? "", required: true, maxlength: MAX_CARRIER, dir: "auto" });
  const number = h("input", { name: "tracking_number", value: numberNow ?? "", required: true, maxlength: MAX_NUMBER, autocomplete: "off", spellcheck: "false", translate: "no" });
  const button = h("button", { type: "submit", class: "main" }, t("refund.return_now"));
  const send = async () => {
    const body = { carrier: carrier.value, tracking_number: number.value };
    close(await explained(() => call("PUT", `/refund-requests/${id}/return`, { body }), "refund.return_invalid"));
  };
  function submit(event) {
    event.preventDefault();
    runAction(button, notice, send);
  }
  return h(
    "form",
    { on: { submit } },
    h("p", {}, t("refund.return_hint")),
    h("label", {}, t("center.carrier"), carrier),
    h("label", {}, t("center.tracking_number"), number),
    button,
    notice,
  );
}
return { hint, askForRefund, progress };
});
handsel.define("watch.js", [], async () => {
const POLL_MS = 5_000;

function watch(element, read, known, onChange) {
  const before = JSON.stringify(known);
  const timer = setInterval(async () => {
    if (!element.isConnected) return clearInterval(timer);
    if (document.visibilityState !== "visible" || document.querySelector("dialog[open]")) return;
    const found = await read().catch(() => known);
    if (!element.isConnected || JSON.stringify(found) === before) return;
    clearInterval(timer);
    onChange(found);
  }, POLL_MS);
}
return { watch };
});
handsel.define("view_refund.js", ["api.js", "dom.js", "i18n.js", "refunds.js", "router.js", "watch.js"], async ({ call }, { fill, h }, { t, when }, { progress }, { redraw }, { watch }) => {
async function view(main, { id }) {
  const read = () => call("GET", `/refund-requests/${id}`);
  const request = await read();
  const title = t("refund.title");
  fill(
    main,
    h("h1", {}, title),
    progress(request, { isHolder: false }, redraw),
    h("p", { class: "faint" }, t("refund.asked_at", { time: when(request.created_at) })),
  );
  watch(main, read, request, redraw);
  return title;
}
return { view };
});
