// What a claimer can do after opening a gift: thank, see what happened, report it, block its giver. Loaded when the result is on the
// page already.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { safety } from "./gift_safety.js";
import { thanking } from "./gift_thanks.js";
import { giftTimeline } from "./gift_timeline.js";

/** Return the extras of a gift that the user has claimed: `thanks`, `timeline` and `safety`. */
export async function extras(view) {
  const { gift_id: giftId, giver_name: name } = view;
  // Before a claim, the view has neither the claims nor the giver's id.
  const { claims, giver_id } = view.claims ? view : await call("GET", `/gifts/${giftId}`);
  // Claimers see their own thanks only.
  const sent = claims.find((claim) => claim.thanks)?.thanks;
  const story = h("div", {}, giftTimeline(giftId));
  return {
    thanks: thanking({ giftId, name, sent, onSent: () => fill(story, giftTimeline(giftId)) }),
    timeline: story,
    safety: safety({ ...view, giver_id }),
  };
}
