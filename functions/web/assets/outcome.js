// The outcome of a gift, for its giver.

/**
 * Return the state of a gift, or what happened to the rest of an expired one: it was `refunded` or `passed_on` to another person.
 * If that person is gone, it is back in the order.
 */
export function outcomeOf({ state, at_end: end, successor_gift_id: successor }) {
  if (state !== "returned") return state;
  if (successor) return "passed_on";
  return end.then === "refund" ? "refunded" : state;
}
