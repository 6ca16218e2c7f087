// Written by `make generate` from functions/web/assets; change it there.
handsel.define("links.js", ["clock.js", "dom.js", "session.js", "storage.js"], async ({ now }, { reachable }, { currentUser }, { LINKS, local }) => {
const ownKey = () => LINKS + currentUser()?.sub;

function openLinks(key) {
  return Object.fromEntries(Object.entries(local.getJson(key) ?? {}).filter(([, { until }]) => Date.parse(until) > now()));
}

function saveLink(gift) {
  for (const key of local.keys().filter((each) => each.startsWith(LINKS))) store(key, openLinks(key));
  const link = { url: reachable(gift.share_url), until: gift.expires_at, version: gift.link_version ?? 0 };
  store(ownKey(), { ...openLinks(ownKey()), [gift.gift_id]: link });
}

function savedLink({ gift_id: id, expires_at: until, link_version: current }) {
  const links = local.getJson(ownKey()) ?? {};
  const saved = links[id];
  if (!saved) return undefined;
  const { url, version = 0 } = saved;
  if (version !== (current ?? 0)) {
    removeLink(id);
    return undefined;
  }
  if (until !== saved.until) store(ownKey(), { ...links, [id]: { ...saved, until } });
  return url;
}

function removeLink(giftId) {
  const { [giftId]: _, ...others } = openLinks(ownKey());
  store(ownKey(), others);
}

function store(key, links) {
  if (Object.keys(links).length > 0) local.setJson(key, links);
  else local.delete(key);
}
return { saveLink, savedLink, removeLink };
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
handsel.define("people.js", ["api.js", "storage.js"], async ({ call }, { local }) => {
const STORAGE_KEY = "handsel.names";
const MAX_NAMES = 50;
const MAX_CONTACTS = 100;

async function contacts(limit = MAX_CONTACTS) {
  const { items } = await call("GET", `/people?limit=${limit}`).catch(() => ({ items: [] }));
  return items;
}

const storedNames = () => new Map(Object.entries(local.getJson(STORAGE_KEY) ?? {}));

function saveName({ user_id: id, display_name: name }) {
  const names = storedNames();
  names.delete(id);
  names.set(id, name);
  local.setJson(STORAGE_KEY, Object.fromEntries([...names].slice(-MAX_NAMES)));
}

async function findName(id) {
  const stored = storedNames().get(id);
  if (typeof stored === "string") return stored;
  return (await contacts()).find((each) => each.user_id === id)?.display_name ?? null;
}
return { contacts, saveName, findName };
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
handsel.define("person_choice.js", ["api.js", "dom.js", "errors.js", "i18n.js", "radios.js"], async ({ call, Problem }, { announce, fill, h }, { errorText }, { t }, { radios }) => {
const COMPOSING_KEY = 229;
const ABOUT_THE_PERSON = ["recipient-unknown", "too-many-gifts", "self-gift"];

function personChoice({ contacts, name, chosen = null, missing, onUnknown = () => null, onChange = () => {} }) {
  const offered = chosen && !contacts.some((each) => each.user_id === chosen.user_id) ? [chosen, ...contacts] : contacts;
  const known = new Map(offered.map((person) => [person.user_id, person]));
  const list = h("div", {});
  const handle = h("input", { name: "handle", dir: "auto", autocapitalize: "none", autocomplete: "off", spellcheck: "false", translate: "no", on: { keydown: findOnEnter } });
  const find = h("button", { type: "button", on: { click: findPerson } }, t("shop.wrap.find"));
  const errorNotice = h("div", { class: "wrong", role: "alert" });
  let choice = null;
  function draw(chosenId) {
    if (known.size === 0) return;
    choice = radios(
      t("shop.wrap.friends"),
      name,
      [...known.values()].map((person) => ({ value: person.user_id, label: person.display_name, hint: person.handle && h("span", { translate: "no" }, `@${person.handle}`) })),
      chosenId,
      { className: "pills", onChange: changed },
    );
    fill(list, choice.element);
  }
  function changed() {
    clearError();
    onChange();
  }
  function clearError() {
    fill(errorNotice);
  }
  function showError(...content) {
    fill(errorNotice, content);
    errorNotice.scrollIntoView({ block: "center" });
  }
  function findOnEnter(event) {
    if (event.key !== "Enter" || event.isComposing || event.keyCode === COMPOSING_KEY) return;
    event.preventDefault();
    findPerson();
  }
  async function findPerson() {
    const wanted = handle.value.trim().replace(/^@/, "");
    clearError();
    if (!wanted) {
      handle.focus();
      return;
    }
    if (find.getAttribute("aria-busy")) return;
    find.setAttribute("aria-busy", "true");
    try {
      const person = await call("GET", `/people/${encodeURIComponent(wanted)}`);
      known.set(person.user_id, person);
      draw(person.user_id);
      handle.value = "";
      announce(t("shop.wrap.found", { name: person.display_name }));
      onChange();
    } catch (error) {
      const isUnknown = error instanceof Problem && error.status === 404;
      if (isUnknown) showError(t("problem.recipient-unknown"), " ", onUnknown(clearError));
      else showError(errorText(error));
    } finally {
      find.removeAttribute("aria-busy");
    }
  }
  const person = () => known.get(choice?.value()) ?? null;
  function check() {
    if (person()) return true;
    fill(errorNotice, missing);
    handle.focus();
    return false;
  }
  function explain({ code }) {
    if (!person() || !ABOUT_THE_PERSON.includes(code)) return false;
    const { display_name: name } = person();
    showError(code === "recipient-unknown" ? t("shop.wrap.not_possible", { name }) : t(`problem.${code}`), " ", code !== "self-gift" && onUnknown(clearError));
    choice.focus();
    return true;
  }
  draw(chosen?.user_id);
  const element = h("div", {}, list, h("div", { class: "find" }, h("label", {}, t("shop.wrap.handle"), handle), find), errorNotice);
  return { element, person, check, explain, showError };
}
return { personChoice };
});
handsel.define("policy.js", ["api.js", "clock.js", "i18n.js"], async ({ call }, { now }, { span, t }) => {
const DAY_MS = 86_400_000;

let asked = null;

function currentPolicy() {
  asked ??= call("GET", "/meta/policy", { anonymous: true }).catch(() => {
    asked = null;
    return null;
  });
  return asked;
}

const isForbidden = ({ refusals }, rule) => refusals.some((each) => each.rule === rule);

async function rulesOf(order) {
  const current = await currentPolicy();
  const mayChoose = !isForbidden(order, "giver_may_choose");
  const { policy_id: id, version } = order.policy;
  if (!current || id !== current.policy_id || version !== current.version) return { window: null, atEnd: null, mayChoose };
  const { window, at_end: atEnd } = current.rules;
  const seconds = window.value[order.product.kind];
  return { window: isCut(order, seconds) ? null : seconds, atEnd: atEnd.value, mayChoose };
}

function voucherEnd({ product: { validity_days: days }, payment: { paid_at: paidAt } }) {
  return days === null ? null : Date.parse(paidAt) + days * DAY_MS;
}

function isCut(order, seconds) {
  const end = voucherEnd(order);
  return end !== null && end < now() + seconds * 1000;
}

function within(window) {
  return window === null ? t("shop.end.in_time") : t("shop.end.within", { time: span(window) });
}
return { currentPolicy, isForbidden, rulesOf, voucherEnd, within };
});
handsel.define("gift_hand.js", ["api.js", "dom.js", "errors.js", "i18n.js", "links.js", "panel.js", "people.js", "person_choice.js", "policy.js", "radios.js", "router.js", "ui.js"], async ({ call, create }, { announce, fill, h }, { Explained, explainedBy }, { span, t, when }, { removeLink, saveLink }, { panel }, { contacts, saveName }, { personChoice }, { currentPolicy }, { radios }, { redraw }, { action }) => {
const MAX_OFFERED = 20;
const DAY_SECONDS = 86_400;
const OVERTAKEN = ["already-claimed", "expired", "cancelled", "declined", "already-named", "not-named"];
const ABOUT_THE_RECIPIENT = {
  "message-refused": "shop.gift.message_refused",
  "too-many-changes": "shop.gift.changed_enough",
  "invalid-request": "shop.gift.is_second",
};

async function attempt(perform, onOvertaken = () => {}) {
  try {
    return await perform();
  } catch (error) {
    if (!OVERTAKEN.includes(error.code)) throw error;
    onOvertaken();
    throw new Explained(t(`shop.gift.meanwhile.${error.code}`));
  }
}

async function change(title, draw, done) {
  let isOvertaken = false;
  const result = await panel(title, (close) =>
    draw(async (perform) => {
      const answer = await attempt(perform, () => {
        isOvertaken = true;
      });
      if (answer !== null) close(answer);
    }),
  );
  if (result !== null) {
    redraw();
    announce(done(result));
  } else if (isOvertaken) redraw();
}

function newLink(gift, hasLink) {
  const { gift_id: id } = gift;
  const make = async () => {
    const { share_url: url, link_version: version } = await create(`link:${id}`, `/gifts/${id}/link`, {});
    saveLink({ ...gift, share_url: url, link_version: version });
    return true;
  };
  const ask = () => change(t("shop.gift.new_link"), (send) => [h("p", {}, t("shop.gift.new_link_hint")), action(t("shop.gift.new_link_now"), () => send(make), { class: "main" })], () => t("shop.gift.new_link_made"));
  return h("button", { type: "button", class: hasLink ? "link" : "main", on: { click: ask } }, t("shop.gift.new_link"));
}

function changeRecipient(gift, name) {
  const { gift_id: id, recipient_id: named, at_end: { recipient_id: secondId } } = gift;
  const label = t(named ? "shop.gift.change_recipient" : "shop.gift.name_recipient");
  const ask = async () => {
    const people = (await contacts(MAX_OFFERED)).filter((each) => ![named, secondId].includes(each.user_id));
    const draw = (send) => {
      const friend = personChoice({ contacts: people, name: "friend", missing: t("shop.wrap.no_friend") });
      const part = { explain: (error) => explain(error, friend) };
      const put = async () => {
        const person = friend.person();
        const changed = await explainedBy([part], () => call("PUT", `/gifts/${id}/recipient`, { body: { recipient_id: person.user_id } }));
        if (changed === null) return null;
        saveName(person);
        removeLink(id);
        return person;
      };
      const save = async () => friend.check() && send(put);
      return [h("p", {}, named ? t("shop.gift.change_recipient_hint", { name }) : t("shop.gift.name_recipient_hint")), friend.element, action(t("shop.gift.change_recipient_now"), save, { class: "main" })];
    };
    change(label, draw, (person) => t("shop.gift.recipient_changed", { name: person.display_name }));
  };
  return action(label, ask);
}

function explain(error, friend) {
  if (friend.explain(error)) return true;
  const key = ABOUT_THE_RECIPIENT[error.code];
  if (!key) return false;
  friend.showError(t(key, { name: friend.person().display_name }));
  return true;
}

function remind({ gift_id: id }, name) {
  const place = action(t("shop.gift.remind"), async () => {
    try {
      await attempt(() => call("POST", `/gifts/${id}/remind`));
    } catch (error) {
      throw error.code === "too-many-reminders" ? new Explained(t("shop.gift.reminded_enough", { name })) : error;
    }
    fill(place, h("p", { class: "done", tabindex: -1 }, t("shop.gift.reminded", { name })));
    place.firstChild.focus();
  });
  return place;
}

function extend(gift) {
  const { gift_id: id } = gift;
  const ask = async () => {
    const policy = await currentPolicy();
    const longest = policy?.rules.extend.value.gift_seconds || DAY_SECONDS;
    const lengths = [...new Set([DAY_SECONDS, 3 * DAY_SECONDS, 7 * DAY_SECONDS, longest])].filter((each) => each <= longest).sort((a, b) => a - b);
    const draw = (send) => {
      const choice = radios(t("shop.gift.extend_by"), "seconds", lengths.map((each) => ({ value: String(each), label: span(each) })), String(lengths[0]), { className: "pills" });
      const post = async () => {
        try {
          return await call("POST", `/gifts/${id}/extend`, { body: { seconds: Number(choice.value()) } });
        } catch (error) {
          throw error.code === "not-extendable" ? new Explained(t("shop.gift.not_extendable")) : error;
        }
      };
      return [choice.element, action(t("shop.gift.extend_now"), () => send(post), { class: "main" })];
    };
    change(t("shop.gift.extend"), draw, ({ expires_at: end }) => t("shop.gift.extended", { time: when(end) }));
  };
  return action(t("shop.gift.extend"), ask);
}

function changeEnd({ gift_id: id, at_end: { then, recipient_id: nextId }, shares, recipient_id: firstId }, nextName) {
  const ask = async () => {
    const [{ endChoice }, people] = await Promise.all([handsel.load("end_choice.js"), contacts(MAX_OFFERED)]);
    const second = nextId ? (people.find((each) => each.user_id === nextId) ?? { user_id: nextId, display_name: nextName }) : null;
    const draw = (send) => {
      const choice = endChoice({ contacts: people, chosen: then, second, window: null, shares, firstId: () => firstId });
      const put = async () => {
        const changed = await explainedBy([choice], () => call("PUT", `/gifts/${id}/at-end`, { body: choice.value() }));
        if (changed !== null && choice.person()) saveName(choice.person());
        return changed;
      };
      return [choice.element, action(t("shop.end.save"), async () => choice.check() && send(put), { class: "main" })];
    };
    change(t("shop.end.title"), draw, () => t("shop.end.saved"));
  };
  return action(t("shop.end.change"), ask, { class: "link", "aria-label": t("shop.end.change_label") });
}

function cancel({ gift_id: id, state }) {
  const hint = t(state === "scheduled" ? "shop.gift.cancel_scheduled_hint" : "shop.gift.cancel_hint");
  const post = () => call("POST", `/gifts/${id}/cancel`);
  const ask = () => change(t("shop.gift.cancel"), (send) => [h("p", {}, hint), action(t("shop.gift.cancel_now"), () => send(post), { class: "main" })], () => t("shop.gift.cancelled"));
  return h("button", { type: "button", class: "quiet", on: { click: ask } }, t("shop.gift.cancel"));
}
return { newLink, changeRecipient, remind, extend, changeEnd, cancel };
});
