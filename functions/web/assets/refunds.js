// Refund requests: asking for one, its progress, and what its asker and the holder can do.

import { call, create, Problem } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { Explained } from "./errors.js";
import { t, when } from "./i18n.js";
import { panel } from "./panel.js";
import { radios } from "./radios.js";
import { fact } from "./timeline.js";
import { action, runAction } from "./ui.js";

const MAX_NOTE = 300;
const MAX_CARRIER = 80;
const MAX_NUMBER = 64;
// The reasons to offer, by the kind of what is refunded: `voucher`, or the status of the shipment. Other statuses are those of a
// delivered parcel.
const REASONS = {
  voucher: ["unwanted", "other"],
  ready_to_ship: ["unwanted", "not_shipped", "other"],
  lost: ["lost", "other"],
  returned: ["unwanted", "other"],
  delivered: ["damaged", "wrong_item", "unwanted", "other"],
};

/** Return the state of a holding as the texts about refunds tell it apart: a key of `REASONS`. */
function stageOf(state) {
  return state in REASONS ? state : "delivered";
}

/** Return the sentence that leads to asking. `isLate` is true for a parcel that the store should have shipped by now. */
export const hint = (state, isLate) => t(`refund.hint.${isLate ? "late" : stageOf(state)}`);

/**
 * Ask for a refund in a panel. Resolves to the new request, or null if the user closed the panel.
 *
 * @param {object} asked `id` of the holding; `state` is "voucher", or the status of its shipment; `giver`, the name of the user who
 *   paid, if the holder asks about a gift; `holder`, the name of the friend, if the user asks who paid; `reason` is chosen at first.
 */
export function askForRefund({ id, state, giver = null, holder = null, reason = null }) {
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

/** Run a call; if a field is not valid, throw an error with a text of its own. */
async function explained(perform, key) {
  try {
    return await perform();
  } catch (error) {
    if (error instanceof Problem && error.code === "invalid-request") throw new Explained(t(key));
    throw error;
  }
}

/**
 * The progress of a refund request, with what the user can do now.
 *
 * @param {object} request as the API shows it.
 * @param {object} viewer `giver`, the name of the user who paid, if the holder of a gift looks; `isHolder` is false for the user who
 *   asks without having it.
 * @param {(request: object) => void} changed is called with the request after an action.
 */
export function progress(request, { giver = null, isHolder = true }, changed) {
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

/** The sentence about a state. */
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

/** The form for the carrier and the tracking number, which can be corrected. */
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
