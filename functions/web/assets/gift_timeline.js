// What happened to a gift, for its giver and its claimers, in time order.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { has, t, when } from "./i18n.js";

/**
 * Return the timeline of a gift. It reads the gift's events itself, and removes itself if they cannot be read: nothing else on the
 * page depends on it.
 *
 * @param {object} viewer `isGiver` tells whose words to use: the giver's or a claimer's.
 */
export function giftTimeline(giftId, { isGiver = false } = {}) {
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
  // A gift in return is the giver's to open, and the claimer's to follow.
  const href = isGiver ? `/g/${other}` : `/#/gifts/${other}`;
  return h(
    "li",
    { "aria-current": isLatest && "step" },
    h("strong", {}, other ? h("a", { href }, words) : words),
    message && h("q", { dir: "auto" }, message),
    h("time", { class: "faint", datetime: at }, when(at)),
  );
}

/** Return the text of an event: a claimer's and the giver's may differ, and a person may be named. */
function textOf(kind, name, isGiver) {
  const side = isGiver && has(`timeline.${kind}.giver`) ? ".giver" : "";
  return name && has(`timeline.${kind}${side}.named`) ? t(`timeline.${kind}${side}.named`, { name }) : t(`timeline.${kind}${side}`);
}
