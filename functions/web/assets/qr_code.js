// QR codes (ISO/IEC 18004), drawn in the browser: a share link has a secret, which no server may see. Text in bytes, with error
// correction of level M.

import { h } from "./dom.js";

// By version, from 1: the codewords for error correction in each block, and the number of blocks.
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10];
// A scanner needs this many light modules around the code.
const QUIET = 4;
const PIXELS = 6;
const LEVEL_M = 0;
const MASKS = [
  (x, y) => (x + y) % 2,
  (x, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

// Powers of the generator of the field with 256 elements, and their logarithms.
const POWERS = [1];
for (let index = 1; index < 255; index += 1) POWERS.push((POWERS[index - 1] << 1) ^ (POWERS[index - 1] > 127 ? 0x11d : 0));
const LOGARITHMS = new Map(POWERS.map((power, index) => [power, index]));
const multiply = (a, b) => (a && b ? POWERS[(LOGARITHMS.get(a) + LOGARITHMS.get(b)) % 255] : 0);

/** Return the codewords that correct errors of a block. */
function correct(block, count) {
  let divisor = [1];
  for (let index = 0; index < count; index += 1) {
    divisor = [...divisor, 0].map((each, at) => each ^ multiply(divisor[at - 1] ?? 0, POWERS[index]));
  }
  const rest = [...block, ...Array(count).fill(0)];
  for (let at = 0; at < block.length; at += 1) {
    const factor = rest[at];
    divisor.forEach((each, index) => {
      rest[at + index] ^= multiply(each, factor);
    });
  }
  return rest.slice(block.length);
}

/** Return the remainder of bits by a generator polynomial of a degree. */
function remainder(bits, generator, degree) {
  let rest = bits << degree;
  for (let at = 31 - Math.clz32(rest); at >= degree; at = 31 - Math.clz32(rest)) rest ^= generator << (at - degree);
  return rest;
}

const sizeOf = (version) => 17 + 4 * version;

/** Return the coordinates of the centers of alignment patterns. */
function alignments(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = 2 * Math.ceil((4 * version + 4) / (2 * count - 2));
  return [6, ...Array.from({ length: count - 1 }, (_, index) => 4 * version + 10 - step * (count - 2 - index))];
}

/** Return the number of codewords of a version: a code without its patterns and its information about itself. */
function capacity(version) {
  const count = alignments(version).length;
  const patterns = version === 1 ? 0 : 25 * (count * count - 3) - 10 * (count - 2);
  return Math.floor((sizeOf(version) ** 2 - 3 * 64 - 31 - 2 * (sizeOf(version) - 16) - patterns - (version >= 7 ? 36 : 0)) / 8);
}

const dataCapacity = (version) => capacity(version) - CORRECTION[version - 1] * BLOCKS[version - 1];
const lengthBits = (version) => (version < 10 ? 8 : 16);

/** Return the codewords of bytes, with those for error correction, interleaved. */
function encode(bytes, version) {
  const length = dataCapacity(version);
  const bits = [];
  const add = (value, count) => {
    for (let at = count - 1; at >= 0; at -= 1) bits.push((value >> at) & 1);
  };
  add(0b0100, 4);
  add(bytes.length, lengthBits(version));
  for (const byte of bytes) add(byte, 8);
  add(0, Math.min(4, 8 * length - bits.length));
  add(0, -bits.length & 7);
  for (let fill = 0xec; bits.length < 8 * length; fill ^= 0xec ^ 0x11) add(fill, 8);
  const data = Array.from({ length }, (_, index) => parseInt(bits.slice(8 * index, 8 * index + 8).join(""), 2));
  const count = BLOCKS[version - 1];
  // The last blocks are longer by one codeword, if the data cannot be divided evenly.
  const short = Math.floor(length / count);
  const longer = length % count;
  const blocks = Array.from({ length: count }, (_, index) => {
    const start = index * short + Math.max(0, index - (count - longer));
    return data.slice(start, start + short + (index >= count - longer ? 1 : 0));
  });
  const corrections = blocks.map((block) => correct(block, CORRECTION[version - 1]));
  const interleave = (rows) => Array.from({ length: Math.max(...rows.map((row) => row.length)) }, (_, at) => rows.map((row) => row[at])).flat();
  return [...interleave(blocks), ...interleave(corrections)].filter((each) => each !== undefined);
}

/** Return a code without data: rows of true (dark), false (light), and undefined where data goes. */
function frame(version) {
  const size = sizeOf(version);
  const rows = Array.from({ length: size }, () => Array(size));
  const draw = (x, y, radius, isDark) => {
    for (let dy = -radius; dy <= radius; dy += 1) {
      for (let dx = -radius; dx <= radius; dx += 1) {
        if (rows[y + dy] && x + dx >= 0 && x + dx < size) rows[y + dy][x + dx] = isDark(Math.max(Math.abs(dx), Math.abs(dy)));
      }
    }
  };
  for (let at = 0; at < size; at += 1) rows[6][at] = rows[at][6] = at % 2 === 0;
  const centers = alignments(version);
  const last = size - 7;
  const isCorner = (x, y) => (x === 6 && (y === 6 || y === last)) || (x === last && y === 6);
  for (const y of centers) for (const x of centers) if (!isCorner(x, y)) draw(x, y, 2, (distance) => distance !== 1);
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) draw(x, y, 4, (distance) => distance !== 2 && distance !== 4);
  markFormat(rows, 0);
  if (version >= 7) {
    const bits = (version << 12) | remainder(version, 0x1f25, 12);
    for (let at = 0; at < 18; at += 1) {
      const [a, b] = [size - 11 + (at % 3), Math.floor(at / 3)];
      rows[a][b] = rows[b][a] = ((bits >> at) & 1) === 1;
    }
  }
  return rows;
}

/** Draw the level of error correction and the mask into a code. */
function markFormat(rows, mask) {
  const size = rows.length;
  const data = (LEVEL_M << 3) | mask;
  const bits = ((data << 10) | remainder(data, 0x537, 10)) ^ 0x5412;
  for (let at = 0; at < 15; at += 1) {
    const isDark = ((bits >> at) & 1) === 1;
    // Around the upper left corner, where the timing patterns are left out.
    if (at < 8) rows[at < 6 ? at : at + 1][8] = isDark;
    else rows[8][at === 8 ? 7 : 14 - at] = isDark;
    // Beside the two other corners.
    if (at < 8) rows[8][size - 1 - at] = isDark;
    else rows[size - 15 + at][8] = isDark;
  }
  rows[size - 8][8] = true;
}

/** Return the penalty of a code, which is high if it has areas that confuse scanners. */
function penalty(rows) {
  const size = rows.length;
  let total = 0;
  for (const lines of [rows, rows.map((_, x) => rows.map((row) => row[x]))]) {
    for (const line of lines) {
      const text = line.map(Number).join("");
      for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) total += run.length - 2;
      for (const pattern of ["00001011101", "10111010000"]) {
        for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) total += 40;
      }
    }
  }
  for (let y = 1; y < size; y += 1) {
    for (let x = 1; x < size; x += 1) {
      if ([rows[y - 1][x], rows[y][x - 1], rows[y - 1][x - 1]].every((each) => each === rows[y][x])) total += 3;
    }
  }
  const dark = rows.flat().filter(Boolean).length;
  return total + 10 * Math.floor(Math.abs((20 * dark) / size ** 2 - 10));
}

/** Return the QR code of a text, as rows of true (dark) and false (light). Throws RangeError if the text is too long. */
export function modules(text) {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((_, index) => 4 + lengthBits(index + 1) + 8 * bytes.length <= 8 * dataCapacity(index + 1)) + 1;
  if (version === 0) throw new RangeError("the text is too long for a QR code");
  const codewords = encode(bytes, version);
  const plain = frame(version);
  const size = plain.length;
  const places = [];
  // Two columns at a time, from the right, upwards and downwards in turn, without the column of the timing pattern.
  for (let right = size - 1, isUp = true; right > 0; right -= 2, isUp = !isUp) {
    if (right === 6) right -= 1;
    for (let step = 0; step < size; step += 1) {
      const y = isUp ? size - 1 - step : step;
      for (const x of [right, right - 1]) if (plain[y][x] === undefined) places.push([x, y]);
    }
  }
  const masked = MASKS.map((isFlipped, mask) => {
    const rows = plain.map((row) => [...row]);
    places.forEach(([x, y], at) => {
      const bit = ((codewords[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
      rows[y][x] = (bit === 1) !== (isFlipped(x, y) === 0);
    });
    markFormat(rows, mask);
    return { rows, penalty: penalty(rows) };
  });
  return masked.reduce((best, each) => (each.penalty < best.penalty ? each : best)).rows;
}

/** Return a picture of the QR code of a text: dark on white in every color scheme, as scanners need it. */
export function qrCode(text, label) {
  const rows = modules(text);
  const size = rows.length + 2 * QUIET;
  const canvas = h("canvas", { class: "qr", role: "img", "aria-label": label, width: size * PIXELS, height: size * PIXELS });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#000";
  rows.forEach((row, y) => row.forEach((isDark, x) => isDark && context.fillRect((x + QUIET) * PIXELS, (y + QUIET) * PIXELS, PIXELS, PIXELS)));
  return canvas;
}
