// What a claimer can do after opening a gift: thank, see what happened, send one in return, report it, block its giver. Loaded when
// the result is on the page already.

import { fill, h } from "./dom.js";
import { safety } from "./gift_safety.js";
import { thanking } from "./gift_thanks.js";
import { giftTimeline } from "./gift_timeline.js";

/** Return the extras of a gift that the user has claimed, in their order: `thanks`, `timeline` and `safety`. */
export function extras(view) {
  const { gift_id: giftId, giver_name: name, claims } = view;
  const story = h("div", {}, giftTimeline(giftId));
  // Claimers see their own thanks only.
  const sent = claims?.find((claim) => claim.thanks)?.thanks;
  return {
    thanks: thanking({ giftId, name, sent: sent?.message, onSent: () => fill(story, giftTimeline(giftId)) }),
    timeline: story,
    safety: safety(view),
  };
}
