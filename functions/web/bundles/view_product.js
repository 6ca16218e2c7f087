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
handsel.define("pay.js", ["api.js", "dom.js", "errors.js", "i18n.js", "panel.js", "products.js", "radios.js", "router.js", "ui.js"], async ({ call, create, discard, isRejected, Problem, resume, Unconfirmed }, { announce, fill, h }, { Explained }, { money, t }, { panel }, { notGiftable }, { radios }, { redraw }, { action }) => {
const METHOD = "card";
const TOKENS = ["tok_ok", "tok_declined", "tok_timeout"];
const SLOW_MS = 1_500;
const CLOCK_TOLERANCE_MS = 5_000;
const NEWEST_ORDERS = 20;

async function pay(product, quantity) {
  let hasChanged = false;
  const order = await payFor(product, quantity, async (terms) => {
    try {
      return await createPaid(`buy:${product.product_id}`, "/orders", { product_id: product.product_id, quantity, ...terms });
    } catch (error) {
      hasChanged ||= Boolean(error.total);
      throw error;
    }
  });
  if (!order) {
    if (hasChanged) redraw();
    return;
  }
  announce(t(`shop.order.${order.state}`));
  location.hash = `#/orders/${order.order_id}`;
}

async function createPaid(form, path, body) {
  try {
    return await create(form, path, body);
  } catch (error) {
    if (!(error instanceof Unconfirmed)) throw error;
    throw new Explained(t("shop.unfinished"), [
      { label: t("shop.finish_payment", purchaseOf(error.earlier)), before: () => resume(form) },
      { label: t("shop.start_over", purchaseOf(body)), before: () => startOver(error) },
    ]);
  }
}

const purchaseOf = ({ expected_total: total, quantity: count = 1 }) => ({ total: money(total), count });

async function startOver({ form, earlier, sentAt }) {
  const { items } = await call("GET", `/orders?limit=${NEWEST_ORDERS}`);
  const found = items.find(
    ({ product, quantity, created_at: at }) =>
      product.product_id === earlier.product_id &&
      quantity === (earlier.quantity ?? 1) &&
      Date.parse(at) >= sentAt - CLOCK_TOLERANCE_MS,
  );
  const order = found?.state === "pending" ? await cancelOrRead(found.order_id) : found;
  discard(form);
  if (order?.state !== "paid") return;
  throw new Explained(t("shop.last_is_paid", purchaseOf(earlier)), [{ label: t("shop.to_last_order"), href: `#/orders/${order.order_id}` }]);
}

async function cancelOrRead(id) {
  try {
    return await call("POST", `/orders/${id}/cancel`);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "not-cancellable") throw error;
    return call("GET", `/orders/${id}`);
  }
}

function payFor(product, quantity, buy) {
  let total = { ...product.price, amount: product.price.amount * quantity };
  return panel(t("shop.pay"), (close) => {
    const cards = radios(
      t("shop.method"),
      "token",
      TOKENS.map((token) => ({ value: token, label: t(`shop.card.${token}`) })),
      TOKENS[0],
    );
    const waiting = h("p", { class: "faint", role: "status" });
    const sum = h("b", {});
    const button = action("", charge, { class: "main" });
    showTotal();
    return [
      h("p", { class: "bill" }, h("span", {}, t("shop.times", { title: product.title, count: quantity })), sum),
      !product.giftable && h("p", { class: "not-giftable gifting" }, notGiftable(product)),
      cards.element,
      waiting,
      button,
      h("p", { class: "faint" }, t("shop.sandbox")),
    ];
    function showTotal() {
      fill(sum, money(total));
      fill(button.querySelector("button"), t("shop.pay_total", { total: money(total) }));
    }
    async function charge() {
      const timer = setTimeout(() => fill(waiting, t("shop.still_checking")), SLOW_MS);
      try {
        close(await buy({ payment: { method: METHOD, token: cards.value() }, expected_total: total }));
      } catch (error) {
        if (error.total) {
          ({ total } = error);
          showTotal();
        }
        if (!isRejected(error) && !(error instanceof Explained)) cards.element.disabled = true;
        throw error;
      } finally {
        clearTimeout(timer);
        fill(waiting);
      }
    }
  });
}
return { pay, createPaid, payFor };
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
handsel.define("view_product.js", ["api.js", "dom.js", "features.js", "i18n.js", "pay.js", "products.js", "stepper.js", "ui.js"], async ({ call }, { announce, config, fill, h }, { hasFeature }, { money, t }, { pay }, { notGiftable, picture, price }, { stepper }, { action }) => {
const MAX_QUANTITY = 50;
const FEW = 20;

async function view(main, { id }) {
  const [product, tagged] = await Promise.all([call("GET", `/products/${id}`), isTagged(id)]);
  fill(
    main,
    h(
      "article",
      { class: "product" },
      picture(product, "eager"),
      h(
        "div",
        { class: "about" },
        h("a", { class: "store", href: `#/stores/${product.store_id}` }, h("bdi", {}, product.store_name)),
        h("h1", { dir: "auto" }, product.title),
        h("p", { class: "large" }, price(product)),
        !product.giftable && h("p", { class: "not-giftable gifting" }, notGiftable(product)),
        stock(product),
        product.description && h("p", { dir: "auto" }, product.description),
        facts(product),
        tag(product, tagged),
      ),
    ),
    product.stock === 0 ? null : config.sells ? purchase(product) : h("p", { class: "few" }, t("problem.no-payment-provider")),
  );
  return product.title;
}

async function isTagged(id) {
  const page = await call("GET", "/tagged?limit=100").catch(() => ({ items: [] }));
  return page.items.some((product) => product.product_id === id);
}

function stock({ stock: left }) {
  if (left === null || left > FEW) return null;
  return h("p", { class: "few" }, left === 0 ? t("shop.sold_out") : t("shop.few", { count: left }));
}

function facts(product) {
  const { kind, validity_days: days, redeem_at: place, giftable } = product;
  const fact = (name, text) => h("div", { class: name === "gift" && "gifting" }, h("dt", {}, t(`shop.fact.${name}`)), h("dd", {}, text));
  return h(
    "dl",
    { class: "product-facts" },
    fact("kind", t(`shop.kind.${kind}`)),
    days !== null && fact("valid", t("shop.valid_days", { count: days })),
    place && fact("where", h("bdi", {}, place)),
    giftable && fact("gift", t("shop.giftable")),
  );
}

function tag({ product_id: id }, tagged) {
  const button = action("", press, { class: "tag" });
  const toggle = button.querySelector("button");
  const draw = () => {
    toggle.setAttribute("aria-pressed", tagged);
    fill(toggle, t(tagged ? "shop.tagged" : "shop.tag"));
  };
  async function press() {
    await call(tagged ? "DELETE" : "PUT", `/tagged/${id}`, { as: "none" });
    tagged = !tagged;
    draw();
    const now = hasFeature("order_center") ? "shop.now_tagged" : "shop.tagged";
    announce(t(tagged ? now : "shop.now_untagged"));
  }
  draw();
  return button;
}

function purchase(product) {
  const total = (count) => money({ ...product.price, amount: product.price.amount * count });
  const sum = h("span", { class: "sum" }, total(1));
  const quantity = stepper(t("shop.quantity"), {
    max: Math.min(MAX_QUANTITY, product.stock ?? MAX_QUANTITY),
    onChange: (count) => fill(sum, total(count)),
  });
  const buy = h("button", { type: "button", class: "main", on: { click: () => pay(product, quantity.value()) } }, t("shop.buy"), " ", sum);
  return h("div", { class: "purchase" }, quantity.element, buy);
}
return { view };
});
