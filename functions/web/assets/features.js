// The features that the user has. The style sheets hide what belongs to the others.

import { call } from "./api.js";
import { currentUser } from "./session.js";
import { local } from "./storage.js";

const STORAGE_KEY = "handsel.features";
const FEATURES = ["gifting", "order_center"];

/** Hide what belongs to features that the user does not have. `found` has true or false by feature. */
function show(found) {
  for (const feature of FEATURES) document.body.classList.toggle(`without-${feature}`, found[feature] === false);
}

/** Return whether the user has a feature, as far as it is known. */
export const hasFeature = (feature) => !document.body.classList.contains(`without-${feature}`);

/** Note that the user does or does not have some features, so that the next page knows it from the start. */
export function noteFeatures(found) {
  const known = { ...local.getJson(STORAGE_KEY), ...found };
  show(known);
  if (FEATURES.every(hasFeature)) local.delete(STORAGE_KEY);
  else local.setJson(STORAGE_KEY, known);
}

let askedFor = null;

/** Ask once which features the user has. If that cannot be read, what is known stays. */
export async function askFeatures() {
  const user = currentUser()?.sub;
  if (!user || user === askedFor) return;
  askedFor = user;
  const found = await call("GET", "/meta/features").catch(() => null);
  if (found && currentUser()) noteFeatures(found);
}

show(local.getJson(STORAGE_KEY) ?? {});
