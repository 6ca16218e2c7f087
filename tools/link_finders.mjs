// Record what link-finding libraries make of share links in messages, for tests/browser/test_gift_link.py.
//
// Run it again when the form of share links changes or a library should be added:
//
//     mkdir -p /tmp/link-finders && cd /tmp/link-finders && npm init -y
//     npm install anchorme autolinker linkify-it linkifyjs markdown-it marked twitter-text
//     cp .../tools/link_finders.mjs . && node link_finders.mjs > .../tests/browser/link_finders.json
//
// In its output, `{url}` is the share link. A library that cuts links would show a part of one instead.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import anchorme from "anchorme";
import { Autolinker } from "autolinker";
import { LinkifyIt } from "linkify-it";
import * as linkifyjs from "linkifyjs";
import MarkdownIt from "markdown-it";
import { marked } from "marked";
import twitter from "twitter-text";

const LINKS = 300;
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const HOSTS = ["https://gifts.example.com", "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com", "http://localhost:8080"];
const MESSAGES = [
  "{url}",
  "Open it here: {url}",
  "Open it here: {url}.",
  "Is this for me: {url}?",
  "Look at {url}, it is for you",
  "Look at {url}; it is for you",
  "Look! {url}!",
  "Look... {url}...",
  "A gift ({url})",
  "A gift ({url}).",
  "A gift [{url}]",
  "A gift {{url}}",
  "A gift <{url}>",
  "A gift <{url}|gift>",
  "[a gift]({url})",
  "[a gift]({url} \"for you\")",
  "\"{url}\"",
  "'{url}'",
  "“{url}”",
  "`{url}`",
  "*{url}*",
  "**{url}**",
  "_{url}_",
  "~{url}~",
  "~~{url}~~",
  "||{url}||",
  "> {url}",
  "- {url}\n- thanks",
  "{url}\nA gift for you",
  "For you: {url}🎁",
  "For you: {url} 🎁",
  "{url}…",
  "送你一份礼物：{url}",
  "送你一份礼物{url}",
  "送你一份礼物：{url}。",
  "送你一份礼物（{url}）",
  "送你一份礼物「{url}」",
  "送你一份礼物《{url}》",
  "送你一份礼物：{url}，快打开",
  "送你一份礼物：{url}！快打开",
  "{url} 快打开",
  "{url}快打开",
];

const base32 = (text) => [...createHash("sha256").update(text).digest()].map((byte) => BASE32[byte % 32]).join("");
const links = Array.from({ length: LINKS }, (_, n) => `${HOSTS[n % HOSTS.length]}/g/${base32(`gift ${n}`)}#${base32(`secret ${n}`)}`);

const hrefs = (html) => [...html.matchAll(/ href="([^"]*)"/g)].map(([, href]) => href.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'"));
const linkifyIt = new LinkifyIt();
const markdownIt = new MarkdownIt({ linkify: true });
const FINDERS = {
  anchorme: (text) => hrefs(anchorme.default({ input: text })),
  autolinker: (text) => Autolinker.parse(text, { phone: false }).map((match) => match.getAnchorHref()),
  "linkify-it": (text) => (linkifyIt.match(text) ?? []).map((match) => match.url),
  linkifyjs: (text) => linkifyjs.find(text, "url").map((link) => link.href),
  "markdown-it": (text) => hrefs(markdownIt.render(text)),
  marked: (text) => hrefs(marked.parse(text)),
  "twitter-text": (text) => twitter.extractUrls(text),
};

const libraries = Object.entries(FINDERS).map(([name, find]) => {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  const found = Object.fromEntries(
    MESSAGES.map((message) => {
      const hits = links.flatMap((url) => find(message.replace("{url}", url)).map((hit) => hit.replace(url, "{url}")));
      return [message, [...new Set(hits)].sort()];
    }),
  );
  return { name, version, found };
});
const lines = ({ name, version, found }) => [
  `  {"name": ${JSON.stringify(name)}, "version": ${JSON.stringify(version)}, "found": {`,
  Object.entries(found).map(([message, hits]) => `    ${JSON.stringify(message)}: ${JSON.stringify(hits)}`).join(",\n"),
  "  }}",
];
console.log(`{"links": ${LINKS}, "libraries": [\n${libraries.map((each) => lines(each).join("\n")).join(",\n")}\n]}`);
