// The app: starts the frame and the router, and lists the routes.

import { askFeatures } from "./features.js";
import { countUnread, frame, markPart } from "./frame.js";
import { start } from "./router.js";
import { warnIfNotStored } from "./ui.js";

const routes = [
  { pattern: "#/", part: "shop", load: () => import("./view_home.js") },
  { pattern: "#/stores/:id", part: "shop", load: () => import("./view_store.js") },
  { pattern: "#/products/:id", part: "shop", load: () => import("./view_product.js") },
  { pattern: "#/orders/:id", part: "orders", load: () => import("./view_order.js") },
  { pattern: "#/orders/:id/wrap", part: "orders", load: () => import("./view_wrap.js") },
  { pattern: "#/gifts/:id", part: "orders", load: () => import("./view_gift.js") },
  { pattern: "#/center", part: "orders", load: () => import("./view_center.js") },
  { pattern: "#/center/:tab", part: "orders", load: () => import("./view_center.js") },
  { pattern: "#/center/:tab/:state", part: "orders", load: () => import("./view_center.js") },
  { pattern: "#/holdings/:id", part: "orders", load: () => import("./view_holding.js") },
  { pattern: "#/return/:id", part: "orders", load: () => import("./view_return.js") },
  { pattern: "#/inbox", part: "inbox", load: () => import("./view_inbox.js") },
  { pattern: "#/refunds/:id", part: "orders", load: () => import("./view_refund.js") },
  { pattern: "#/me", part: "me", load: () => import("./view_me.js") },
  { pattern: "#/erased", part: "me", load: () => import("./view_erased.js") },
];

const main = document.getElementById("main");
frame(main);
warnIfNotStored();
start(routes, main, ({ part }) => {
  markPart(part);
  countUnread();
  askFeatures();
});
