// Words that users write to each other: cleaned and counted as the API does.

import { language } from "./i18n.js";

// Unless the policy says otherwise.
export const MAX_CHARACTERS = 60;
export const MAX_CODE_POINTS = 400;

/** Return a message as the API stores it: one line, composed, trimmed; empty if nothing of it can be seen. */
export function clean(text) {
  const line = text.normalize("NFC").replace(/[\r\n\t]+/g, " ").trim();
  return /[^\s\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u.test(line) ? line : "";
}

const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter(language, { granularity: "grapheme" });
// For browsers without a segmenter: flags, letters with their marks, emoji with modifiers, and sequences of joined emoji.
const CHARACTER = /(?:\p{RI}{2}|.)(?:[\p{M}\p{Emoji_Modifier}\u200c\u{e0020}-\u{e007f}]|\u200d\p{Extended_Pictographic}?)*/gsu;

/** Return the number of user-perceived characters, which the API counts. */
export function countCharacters(text, segments = segmenter) {
  return (segments ? [...segments.segment(text)] : (text.match(CHARACTER) ?? [])).length;
}
