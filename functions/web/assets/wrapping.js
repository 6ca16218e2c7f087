// How a gift looks: its cover, the words with it, and both as the friend will see them.

import { call } from "./api.js";
import { t } from "./i18n.js";
import { radios } from "./radios.js";
import { previewOf, wordsOf } from "./view_wrap.js";

/**
 * What a product of a kind can be wrapped in, to choose from.
 *
 * @returns `{preview, fields, check(), value()}`: elements; whether it can be sent like that, which it says where not; the
 *   wrapping as the API takes it.
 */
export async function wrapping(kind) {
  const { covers, blessings } = await call("GET", `/wrappings?kind=${kind}`);
  const preview = previewOf({ kind });
  const cover = radios(
    t("shop.wrap.cover"),
    `cover-${kind}`,
    covers.map((each) => ({ value: each.cover_id, label: each.title, image: each.image_url })),
    covers[0].cover_id,
    { look: "covers", changed: draw },
  );
  const words = wordsOf(blessings, draw);
  function draw() {
    preview.draw(covers.find((each) => each.cover_id === cover.value()), words.text());
  }
  draw();
  return {
    preview: preview.element,
    fields: [cover.element, words.element],
    check: words.check,
    value: () => ({ cover_id: cover.value(), ...words.value() }),
  };
}
