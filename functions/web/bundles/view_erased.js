// Written by `make generate` from functions/web/assets; change it there.
handsel.define("view_erased.js", ["dom.js", "i18n.js"], async ({ fill, h }, { t }) => {
async function view(main) {
  const title = t("leaving.erased");
  fill(
    main,
    h("h1", {}, title),
    h("p", {}, t("leaving.erased.text")),
    h("a", { class: "button", href: "/" }, t("shop.to_shop")),
  );
  return title;
}
return { view };
});
