// Written by `make generate` from functions/web/assets; change it there.
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
handsel.define("gifts_from.js", ["api.js", "dom.js", "i18n.js", "radios.js", "ui.js"], async ({ call }, { announce, fill, h }, { t }, { radios }, { action, problem }) => {
const CHOICES = ["everybody", "people_i_know", "nobody"];
const PAGE_SIZE = 100;

function giftsFrom(chosen) {
  const notice = h("div", { class: "notice" });
  let saved = chosen;
  const options = CHOICES.map((value) => ({ value, label: t(`consent.${value}`), hint: t(`consent.${value}_hint`) }));
  const choice = radios(t("consent.title"), "gifts_from", options, chosen, { onChange: save });
  async function save(wanted) {
    fill(notice);
    try {
      await call("PATCH", "/me", { body: { gifts_from: wanted } });
      saved = wanted;
      announce(t("center.saved"));
    } catch (error) {
      if (choice.value() === wanted) choice.element.querySelector(`[value=${saved}]`).checked = true;
      fill(notice, problem(error));
    }
  }
  return h("div", { class: "card profile" }, choice.element, notice);
}

function blockedPeople() {
  const title = h("legend", { tabindex: -1 }, t("consent.blocked"));
  const names = h("ul", { class: "rows" });
  const section = h("fieldset", { class: "card profile", hidden: true }, title, h("p", { class: "faint" }, t("consent.blocked_hint")), names);

  async function load() {
    let cursor = null;
    const items = [];
    do {
      const page = await call("GET", `/blocked?limit=${PAGE_SIZE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    fill(names, items.map(row));
    section.hidden = items.length === 0;
  }

  function row({ user_id: id, display_name: name }) {
    const unblock = async () => {
      await call("DELETE", `/blocked/${id}`, { as: "none" });
      const next = (entry.nextElementSibling ?? entry.previousElementSibling)?.querySelector("button");
      entry.remove();
      announce(t("consent.unblocked", { name }));
      if (next) next.focus();
      else fill(names, h("li", { class: "faint" }, t("consent.nobody_blocked")));
      if (!next) title.focus();
    };
    const entry = h("li", {}, h("bdi", {}, name), action(t("consent.unblock"), unblock, { "aria-label": t("consent.unblock_label", { name }) }));
    return entry;
  }

  load().catch(() => {
    section.hidden = false;
    fill(names, h("li", {}, action(t("try_again"), load)));
  });
  return section;
}
return { giftsFrom, blockedPeople };
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
handsel.define("leaving.js", ["api.js", "dom.js", "erasure.js", "errors.js", "i18n.js", "panel.js", "router.js", "storage.js", "ui.js"], async ({ call, create, Problem }, { announce, fill, h }, { noteErasure }, { Explained }, { t, when }, { panel }, { redraw }, { local }, { action }) => {
const EXPORT_KEY = "handsel.export";
const POLL_MS = 5_000;

function exportSettings() {
  const content = h("div", {});

  async function ask() {
    const { export_id: id } = await create("export", "/me/exports", {});
    local.setJson(EXPORT_KEY, { id });
    await show();
    content.querySelector("[role=status]")?.focus();
  }

  async function show() {
    const known = local.getJson(EXPORT_KEY);
    const found = known && (await call("GET", `/me/exports/${known.id}`).catch(forgetIfGone));
    if (!found) return fill(content, action(t("leaving.export.ask"), ask));
    const { state, expires_at: until } = found;
    fill(
      content,
      h("p", { role: "status", tabindex: -1 }, t(`leaving.export.${state}`, { time: until && when(until) })),
      state === "ready" && action(t("leaving.export.download"), download),
      state === "expired" && action(t("leaving.export.ask"), ask),
    );
    if (state === "pending") setTimeout(poll, POLL_MS);
  }

  function poll() {
    if (content.isConnected) show().catch(() => setTimeout(poll, POLL_MS));
  }

  async function download() {
    const { url } = await call("GET", `/me/exports/${local.getJson(EXPORT_KEY).id}`);
    if (url) location.assign(url);
    else await show();
  }

  show().catch(() => fill(content, action(t("try_again"), show)));
  return h("fieldset", { class: "card profile" }, h("legend", {}, t("leaving.export")), h("p", { class: "faint" }, t("leaving.export.hint")), content);
}

function forgetIfGone(error) {
  if (!(error instanceof Problem) || error.status !== 404) throw error;
  local.delete(EXPORT_KEY);
  return null;
}

function erasureSettings(eraseAt) {
  return h(
    "fieldset",
    { class: "card profile" },
    h("legend", {}, t("leaving.delete")),
    h("p", { class: "faint" }, eraseAt ? t("leaving.banner", { time: when(eraseAt) }) : t("leaving.delete.hint")),
    !eraseAt && h("button", { type: "button", on: { click: askAndDelete } }, t("leaving.delete.ask")),
  );
}

const list = (name, count) => h("ul", { class: "points" }, Array.from({ length: count }, (_, index) => h("li", {}, t(`leaving.${name}.${index + 1}`))));

async function askAndDelete() {
  const answer = await panel(t("leaving.delete"), (close) => {
    const sure = h("input", { type: "checkbox", required: true });
    const leave = async () => {
      if (!sure.checked) {
        sure.focus();
        throw new Explained(t("leaving.delete.not_sure"));
      }
      close(await call("DELETE", "/me"));
    };
    return [
      h("p", {}, t("leaving.delete.when")),
      h("h3", {}, t("leaving.deleted")),
      list("deleted", 4),
      h("h3", {}, t("leaving.kept")),
      list("kept", 4),
      h("label", { class: "sure" }, sure, h("span", {}, t("leaving.delete.sure"))),
      action(t("leaving.delete.now"), leave, { class: "main" }),
    ];
  });
  if (!answer) return;
  noteErasure(answer.erase_at);
  redraw();
  announce(t("leaving.banner", { time: when(answer.erase_at) }));
}
return { exportSettings, erasureSettings };
});
handsel.define("view_me.js", ["api.js", "dom.js", "gifts_from.js", "i18n.js", "leaving.js", "profile.js", "session.js", "ui.js"], async ({ call }, { announce, config, fill, h }, { blockedPeople, giftsFrom }, { choose, language, t }, { erasureSettings, exportSettings }, { handleInput, saveProfile }, { canRenew, signOut }, { problem, runAction }) => {
const LISTS = ["orders", "sent", "received", "holdings"];
const LANGUAGES = { en: "English", zh: "简体中文" };

async function view(main) {
  const me = await call("GET", "/me");
  const offersTwoStep = config.sign_in.mfa !== "OFF" && canRenew();
  const twoStep = offersTwoStep && (await handsel.load("two_step.js")).twoStepSettings();
  fill(
    main,
    h("h1", {}, t("center.me")),
    ownThings(me.order_center),
    profileField("display_name", me.display_name, { maxlength: 80, autocomplete: "nickname" }),
    profileField("handle", me.handle ?? "", handleInput()),
    giftsFrom(me.gifts_from),
    blockedPeople(),
    toggle("tell_opened", me.tell_opened),
    toggle("recommendations", me.recommendations),
    languages(),
    twoStep,
    h("button", { type: "button", class: "out", on: { click: leave } }, t("sign_out")),
    exportSettings(),
    erasureSettings(me.erase_at ?? null),
  );
  return t("center.me");
}

function ownThings(center) {
  const link = (href, label) => h("a", { href }, label);
  const links = center
    ? [link("#/center", t("center.title"))]
    : LISTS.map((tab) => link(`#/center/${tab}`, t(`center.tab.${tab}`)));
  return h("nav", { class: "card mine", "aria-label": t(center ? "center.title" : "center.title_of_lists") }, links);
}

function profileField(field, value, attributes) {
  const notice = h("div", { class: "notice" });
  const hint = h("p", { class: "faint", id: `${field}-hint` }, t(`center.${field}_hint`));
  const input = h("input", { name: field, value, required: true, dir: "auto", "aria-describedby": hint.id, ...attributes });
  const button = h("button", { type: "submit" }, t("center.save"));
  async function save() {
    const me = await saveProfile(field, input.value);
    input.value = me[field];
    fill(notice, h("p", { class: "saved", role: "status" }, t("center.saved")));
  }
  function submit(event) {
    event.preventDefault();
    runAction(button, notice, save);
  }
  return h(
    "form",
    { class: "card profile", on: { submit } },
    h("label", {}, t(`center.${field}`), input),
    hint,
    button,
    notice,
  );
}

function toggle(field, on) {
  const notice = h("div", { class: "notice" });
  const box = h("input", { type: "checkbox", role: "switch", name: field, checked: on, "aria-describedby": `${field}-hint`, on: { change } });
  async function change() {
    const wanted = box.checked;
    box.disabled = true;
    fill(notice);
    try {
      await call("PATCH", "/me", { body: { [field]: wanted } });
      announce(t(`center.${field}_${wanted ? "on" : "off"}`));
    } catch (error) {
      box.checked = !wanted;
      fill(notice, problem(error));
    } finally {
      box.disabled = false;
      box.focus();
    }
  }
  return h(
    "div",
    { class: "card profile" },
    h("label", { class: "switch" }, h("span", {}, t(`center.${field}`)), box),
    h("p", { class: "faint", id: `${field}-hint` }, t(`center.${field}_hint`)),
    notice,
  );
}

function languages() {
  return h(
    "fieldset",
    { class: "card profile" },
    h("legend", {}, t("center.language")),
    h(
      "div",
      { class: "languages" },
      Object.entries(LANGUAGES).map(([each, name]) =>
        h(
          "button",
          { type: "button", lang: each, "aria-pressed": String(each === language), on: { click: () => each !== language && choose(each) } },
          name,
        ),
      ),
    ),
  );
}

async function leave({ currentTarget }) {
  currentTarget.setAttribute("aria-busy", "true");
  await signOut();
  location.hash = "#/";
  location.reload();
}
return { view };
});
