// A refund request, for a user who asked for one without having the voucher or the parcel: the giver.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { t, when } from "./i18n.js";
import { progress } from "./refunds.js";
import { redraw } from "./router.js";
import { watch } from "./watch.js";

export async function view(main, { id }) {
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
