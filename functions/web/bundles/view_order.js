// Written by `make generate` from functions/web/assets; change it there.
handsel.define("outcome.js", [], async () => {
function outcomeOf({ state, at_end: end, successor_gift_id: successor }) {
  if (state !== "returned") return state;
  if (successor) return "passed_on";
  return end.then === "refund" ? "refunded" : state;
}
return { outcomeOf };
});
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
handsel.define("stepper.js", ["dom.js", "i18n.js"], async ({ h }, { t }) => {
function stepper(label, { min = 1, max, value = min, onChange = () => {} }) {
  const less = h("button", { type: "button", "aria-label": t("shop.decrease"), on: { click: () => set(number() - 1) } }, "−");
  const more = h("button", { type: "button", "aria-label": t("shop.increase"), on: { click: () => set(number() + 1) } }, "+");
  const input = h("input", { type: "number", inputmode: "numeric", min, max, value, "aria-label": label, on: { change: () => set(number()) } });
  function number() {
    const typed = Math.trunc(input.valueAsNumber);
    return Number.isNaN(typed) ? min : Math.min(max, Math.max(min, typed));
  }
  function set(number) {
    input.value = Math.min(max, Math.max(min, number));
    less.setAttribute("aria-disabled", input.valueAsNumber === min);
    more.setAttribute("aria-disabled", input.valueAsNumber === max);
    onChange(input.valueAsNumber);
  }
  set(value);
  const element = h(
    "div",
    { class: "stepper", role: "group", "aria-label": label },
    h("span", { class: "stepper-label", "aria-hidden": "true" }, label),
    h("span", { class: "stepper-box" }, less, input, more),
  );
  return { element, value: number };
}
return { stepper };
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
handsel.define("view_order.js", ["api.js", "dom.js", "i18n.js", "outcome.js", "panel.js", "products.js", "router.js", "stepper.js", "ui.js", "watch.js"], async ({ call, create }, { announce, fill, h }, { has, money, t, when }, { outcomeOf }, { panel }, { notGiftable, picture }, { redraw }, { stepper }, { action, runAction }, { watch }) => {
const PLACES = ["available", "in_gift", "gifted", "used", "refunded"];
const MARKS = { paid: "✓", pending: "…", declined: "✕", cancelled: "✕", refunded: "↩" };

async function view(main, { id }) {
  const read = () => call("GET", `/orders/${id}`);
  const [order, gifts] = await Promise.all([read(), call("GET", `/orders/${id}/gifts?limit=20`)]);
  const { state, product, quantity, payment, units, actions } = order;
  const method = t("shop.by", { method: payment.method });
  const title = t(`shop.order.${state}`);
  fill(
    main,
    h(
      "header",
      { class: `result ${state}` },
      h("span", { class: "mark", "aria-hidden": "true" }, MARKS[state]),
      h("h1", {}, title),
      h("p", {}, h("b", {}, money(payment.total)), ` ${method}`),
      h("p", { class: "faint" }, when(payment.paid_at ?? order.created_at)),
      ["pending", "cancelled"].includes(state) && h("p", {}, t(`shop.order.${state}.text`)),
    ),
    actions.includes("gift") && h("a", { class: "button main give", href: `#/orders/${id}/wrap` }, t("shop.give")),
    units?.available > 0 && !actions.includes("gift") && whyNot(order),
    h(
      "a",
      { class: "bought", href: `#/products/${product.product_id}` },
      picture(product),
      h("span", {}, h("strong", { dir: "auto" }, product.title), h("span", { class: "faint" }, t("shop.store_quantity", { store: product.store_name, count: quantity }))),
    ),
    units && places(units),
    units?.refunded > 0 && h("p", { class: "faint repaid" }, t("shop.repaid", { total: money(repaid(order)) })),
    h(
      "div",
      { class: "more-ways" },
      state === "pending" && action(t("shop.cancel_order"), () => cancel(order)),
      actions.includes("use") && action(t("shop.use"), () => use(order)),
      actions.includes("refund") && h("button", { type: "button", on: { click: () => refund(order) } }, t("shop.refund")),
    ),
    gifts.items.length > 0 && [h("h2", {}, t("shop.order_gifts")), h("ul", { class: "rows" }, gifts.items.map(given))],
    payment.reference && h("p", { class: "faint", translate: "no" }, t("shop.reference", { reference: payment.reference })),
  );
  watch(main, read, order, redraw);
  return title;
}

async function cancel({ order_id: id }) {
  await call("POST", `/orders/${id}/cancel`);
  announce(t("shop.order.cancelled"));
  redraw();
}

function whyNot({ product, actions, refusals }) {
  const rule = refusals.find((each) => each.action === "gift" && has(`rule.${each.rule}`))?.rule;
  const text = product.not_giftable_code ? notGiftable(product) : !actions.includes("use") ? t("shop.voucher_expired") : rule && t(`rule.${rule}`);
  return text ? h("p", { class: "not-giftable" }, text) : null;
}

function repaid({ quantity, units, payment: { total } }) {
  return { ...total, amount: Math.floor((total.amount * units.refunded) / quantity) };
}

function places(units) {
  return h(
    "dl",
    { class: "places" },
    PLACES.filter((place) => place === "available" || units[place] > 0).map((place) =>
      h("div", {}, h("dt", {}, t(`shop.place.${place}`)), h("dd", {}, units[place])),
    ),
  );
}

function given(gift) {
  const { gift_id: id, wrapping, shares, remaining } = gift;
  return h(
    "li",
    {},
    h(
      "a",
      { href: `#/gifts/${id}` },
      h("img", { src: wrapping.image_url, alt: "", width: 1200, height: 630, loading: "lazy" }),
      h("span", {}, h("strong", {}, t(`shop.gift.${outcomeOf(gift)}`)), h("q", { dir: "auto" }, wrapping.blessing), shares > 1 && h("span", { class: "faint" }, t("shop.shares_claimed", { claimed: shares - remaining, shares }))),
    ),
  );
}

async function use({ order_id: id, product, units }) {
  const parcel = product.kind === "parcel";
  const { addressForm } = parcel ? await handsel.load("gift_address.js") : {};
  const holdings = await panel(t("shop.use"), (close) => {
    const quantity = stepper(t("shop.quantity"), { max: units.available });
    const take = async (address) => {
      const body = { quantity: quantity.value(), ...(address && { address }) };
      close((await create(`use:${id}`, `/orders/${id}/use`, body)).holdings);
    };
    return [
      h("p", {}, t(`shop.use_${product.kind}`), !parcel && h("span", { class: "gifting" }, " ", t("shop.use_not_gift"))),
      units.available > 1 && quantity.element,
      parcel ? addressForm(t("shop.send_it"), take) : action(t("shop.use_now"), () => take(null), { class: "main" }),
    ];
  });
  if (!holdings) return;
  location.hash = holdings.length === 1 ? `#/holdings/${holdings[0].holding_id}` : "#/center/holdings";
}

async function refund({ order_id: id, product, units }) {
  const refunded = await panel(t("shop.refund"), (close) => {
    const amount = (count) => money({ ...product.price, amount: product.price.amount * count });
    const notice = h("div", { class: "notice" });
    const button = h("button", { type: "button", class: "main", on: { click: () => runAction(button, notice, send) } });
    const label = (count) => fill(button, t("shop.refund_total", { total: amount(count) }));
    const quantity = stepper(t("shop.quantity"), { max: units.available, value: units.available, onChange: label });
    async function send() {
      close(await create(`refund:${id}`, `/orders/${id}/refunds`, { quantity: quantity.value() }));
    }
    return [h("p", {}, t("shop.refund_hint")), units.available > 1 && quantity.element, button, notice];
  });
  if (!refunded) return;
  redraw();
  announce(t("shop.refunded", { total: money(refunded.total) }));
}
return { view };
});
