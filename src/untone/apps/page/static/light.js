// Gain map arithmetic of ISO 21496-1, as untone.apply has it; tested against it through a browser.
//
// Light is linear, 1.0 = SDR white. Codes of the base are sRGB-encoded, 0..255; those of the map 0..255, of one channel
// or three. What codes mean is `meaning`, as the server's renditions.meaning gives it.

const SMALLEST_GAP_STOPS = 1 / 16;

export function srgbToLinear(encoded) {
  return encoded <= 0.04045 ? encoded / 12.92 : ((encoded + 0.055) / 1.055) ** 2.4;
}

export function linearToSrgb(light) {
  return light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
}

// The map's numbers at a strength (percent) and below a peak: codes stay, every gain is times one factor.
export function chosenNumbers(meaning, choice) {
  const { min_stops: low, max_stops: high, base_headroom_stops: base, alternate_headroom_stops: alternate } = meaning;
  if (meaning.origin !== "predicted") return { low, high, base, alternate };
  let factor = choice.strength / 100;
  const highest = Math.max(...high) * factor;
  if (choice.peak !== null && highest > 0) {
    const offset = meaning.base_offset[0];
    factor *= Math.min(1, Math.log2((choice.peak / choice.white + offset) / (1 + offset)) / highest);
  }
  const gap = Math.max((alternate - base) * factor, SMALLEST_GAP_STOPS);
  return { low: low.map(v => v * factor), high: high.map(v => v * factor), base, alternate: base + gap };
}

// How much of the map a display of so many stops of headroom applies.
export function mapWeight(numbers, headroom) {
  const { base, alternate } = numbers;
  if (base === alternate) return 0;
  const share = Math.min(Math.max((headroom - base) / (alternate - base), 0), 1);
  return alternate > base ? share : -share;
}

export function fullHeadroom(numbers) {
  return Math.max(numbers.base, numbers.alternate);
}

export function leastHeadroom(numbers) {
  return Math.min(numbers.base, numbers.alternate);
}

export function gainStops(meaning, numbers, channel, share) {
  const span = numbers.high[channel] - numbers.low[channel];
  return numbers.low[channel] + span * share ** (1 / meaning.gamma[channel]);
}

export function times(matrix, [r, g, b]) {
  return [0, 3, 6].map(i => matrix[i] * r + matrix[i + 1] * g + matrix[i + 2] * b);
}

// One pixel: light of the base (in its primaries) and shares of the map to light, in the primaries of the gain.
export function lightAt(meaning, numbers, light, share, weight) {
  const before = times(meaning.to_gain, light);
  if (weight === 0) return before;
  return before.map((value, c) => {
    const factor = 2 ** (gainStops(meaning, numbers, c, share[c]) * weight);
    return (value + meaning.base_offset[c]) * factor - meaning.alternate_offset[c];
  });
}

export function luminance(meaning, light) {
  return meaning.luminance[0] * light[0] + meaning.luminance[1] * light[1] + meaning.luminance[2] * light[2];
}

const LINEAR = Float32Array.from({ length: 256 }, (_, code) => srgbToLinear(code / 255));

const isIdentity = matrix => matrix.every((value, i) => Math.abs(value - (i % 4 === 0 ? 1 : 0)) < 1e-9);

// Light by code of the base and code of the map, one table a channel: [base * 256 + map].
function lightTables(meaning, numbers, weight) {
  return [0, 1, 2].map(c => {
    const table = new Float32Array(65536);
    const before = weight === 0 ? 0 : meaning.base_offset[c], after = weight === 0 ? 0 : meaning.alternate_offset[c];
    for (let code = 0; code < 256; code++) {
      const factor = 2 ** (gainStops(meaning, numbers, c, code / 255) * weight);
      for (let base = 0; base < 256; base++) table[base * 256 + code] = (LINEAR[base] + before) * factor - after;
    }
    return table;
  });
}

// Light of many pixels, row by row: `each(r, g, b, first, at)` gets arrays in the primaries of the gain, the number of
// their first pixel among those looked at, and its place in the view; the next is `step` further.
export function eachRow(view, meaning, numbers, weight, step, each) {
  const { width, height } = view, count = Math.ceil(width / step);
  const light = [0, 1, 2].map(() => new Float32Array(count));
  const fill = isIdentity(meaning.to_gain) ? rowByTables(view, meaning, numbers, weight) : rowElsewhere(view, meaning, numbers, weight);
  for (let y = 0, first = 0; y < height; y += step, first += count) {
    fill(...light, y * width, step);
    each(...light, first, y * width);
  }
}

function rowByTables({ base, map }, meaning, numbers, weight) {
  const { channels } = meaning, second = channels === 3 ? 1 : 0, third = channels === 3 ? 2 : 0;
  const [red, green, blue] = lightTables(meaning, numbers, weight);
  return (r, g, b, at, step) => {
    for (let k = 0, p = at * 3, m = at * channels; k < r.length; k++, p += 3 * step, m += channels * step) {
      r[k] = red[(base[p] << 8) | map[m]];
      g[k] = green[(base[p + 1] << 8) | map[m + second]];
      b[k] = blue[(base[p + 2] << 8) | map[m + third]];
    }
  };
}

// The same where gain is applied in other primaries than the base's: channels mix before.
function rowElsewhere({ base, map }, meaning, numbers, weight) {
  const { channels } = meaning;
  return (r, g, b, at, step) => {
    for (let k = 0; k < r.length; k++, at += step) {
      const light = [0, 1, 2].map(c => LINEAR[base[at * 3 + c]]);
      const share = [0, 1, 2].map(c => map[at * channels + (channels === 3 ? c : 0)] / 255);
      [r[k], g[k], b[k]] = lightAt(meaning, numbers, light, share, weight);
    }
  };
}

const FINE = 8192;
const ENCODED = Uint8ClampedArray.from({ length: FINE + 1 }, (_, i) => Math.floor(linearToSrgb(i / FINE) * 255 + 0.5));

function encode(light) {
  return light >= 1 ? 255 : light <= 0 ? 0 : ENCODED[(light * FINE + 0.5) | 0];
}

// A picture for an SDR screen: light times 2 ** exposure, what the display cannot show cut off.
export function paintPhoto(pixels, view, meaning, numbers, weight, step, { exposure, ceiling }) {
  const gain = 2 ** exposure, matrix = meaning.to_screen;
  if (isIdentity(matrix) && isIdentity(meaning.to_gain)) {
    paintByTables(pixels, view, meaning, numbers, weight, step, light => encode(Math.min(light, ceiling) * gain));
    return;
  }
  eachRow(view, meaning, numbers, weight, step, (r, g, b, first) => {
    for (let k = 0, p = first * 4; k < r.length; k++, p += 4) {
      pixels[p] = encode(Math.min(matrix[0] * r[k] + matrix[1] * g[k] + matrix[2] * b[k], ceiling) * gain);
      pixels[p + 1] = encode(Math.min(matrix[3] * r[k] + matrix[4] * g[k] + matrix[5] * b[k], ceiling) * gain);
      pixels[p + 2] = encode(Math.min(matrix[6] * r[k] + matrix[7] * g[k] + matrix[8] * b[k], ceiling) * gain);
      pixels[p + 3] = 255;
    }
  });
}

// Where no channels mix, a picture is three look-ups a pixel.
function paintByTables(pixels, view, meaning, numbers, weight, step, toCode) {
  const [red, green, blue] = lightTables(meaning, numbers, weight).map(table => {
    const codes = new Uint8Array(table.length);
    for (let i = 0; i < table.length; i++) codes[i] = toCode(table[i]);
    return codes;
  });
  const { base, map, width, height } = view;
  const channels = meaning.channels, second = channels === 3 ? 1 : 0, third = channels === 3 ? 2 : 0;
  let p = 0;
  for (let y = 0; y < height; y += step)
    for (let x = 0; x < width; x += step, p += 4) {
      const at = y * width + x, b = at * 3, m = at * channels;
      pixels[p] = red[(base[b] << 8) | map[m]];
      pixels[p + 1] = green[(base[b + 1] << 8) | map[m + second]];
      pixels[p + 2] = blue[(base[b + 2] << 8) | map[m + third]];
      pixels[p + 3] = 255;
    }
}

const COLOURS = 4096;
const MOST_NITS = 10000;

// Colours by the fourth root of nits, which is quick and nearly a logarithm; between the scale's marks they are mixed by it.
export function colourTable(scale) {
  const marks = scale.map(([nits]) => Math.log10(nits)), last = marks.length - 1;
  const table = new Uint8ClampedArray(COLOURS * 3);
  for (let i = 0; i < COLOURS; i++) {
    const place = Math.log10(Math.max((i / (COLOURS - 1)) ** 4 * MOST_NITS, scale[0][0]));
    let k = 0;
    while (k < last - 1 && marks[k + 1] <= place) k++;
    const share = Math.min(1, (place - marks[k]) / (marks[k + 1] - marks[k]));
    for (let c = 0; c < 3; c++) table[i * 3 + c] = scale[k][1][c] + (scale[k + 1][1][c] - scale[k][1][c]) * share;
  }
  return table;
}

export function paintNits(pixels, view, meaning, numbers, weight, step, { colours, white }) {
  const [wr, wg, wb] = meaning.luminance.map(share => (share * white) / MOST_NITS);
  eachRow(view, meaning, numbers, weight, step, (r, g, b, first) => {
    for (let k = 0, p = first * 4; k < r.length; k++, p += 4) {
      const root = Math.sqrt(Math.sqrt(Math.min(1, Math.max(0, wr * r[k] + wg * g[k] + wb * b[k]))));
      const place = 3 * ((root * (COLOURS - 1) + 0.5) | 0);
      pixels[p] = colours[place];
      pixels[p + 1] = colours[place + 1];
      pixels[p + 2] = colours[place + 2];
      pixels[p + 3] = 255;
    }
  });
}

// What the map says: black is its least gain, white its most.
export function paintMap(pixels, view, meaning, step) {
  const { map, width, height } = view;
  const channels = meaning.channels;
  const tables = [0, 1, 2].map(c =>
    Uint8ClampedArray.from({ length: 256 }, (_, code) => 255 * (code / 255) ** (1 / meaning.gamma[c])),
  );
  let p = 0;
  for (let y = 0; y < height; y += step)
    for (let x = 0; x < width; x += step, p += 4) {
      const m = (y * width + x) * channels;
      for (let c = 0; c < 3; c++) pixels[p + c] = tables[c][map[channels === 3 ? m + c : m]];
      pixels[p + 3] = 255;
    }
}

const CLIPPED = [255, 168, 76];

// The photo in dim grey; what is cut off, in the accent's colour: codes at their end before, light above `ceiling` after.
export function paintClipped(pixels, view, meaning, numbers, weight, step, { ceiling, before }) {
  const [wr, wg, wb] = meaning.luminance;
  const { base } = view;
  eachRow(view, meaning, numbers, weight, step, (r, g, b, first, at) => {
    for (let k = 0, p = first * 4, q = at * 3; k < r.length; k++, p += 4, q += 3 * step) {
      const cut = before ? Math.max(base[q], base[q + 1], base[q + 2]) >= 254 : Math.max(r[k], g[k], b[k]) > ceiling * 1.002;
      const grey = encode(wr * r[k] + wg * g[k] + wb * b[k]) * 0.55;
      pixels[p] = cut ? CLIPPED[0] : grey;
      pixels[p + 1] = cut ? CLIPPED[1] : grey;
      pixels[p + 2] = cut ? CLIPPED[2] : grey;
      pixels[p + 3] = 255;
    }
  });
}

export const BINS = 96, DARKEST_NITS = 0.1, BRIGHTEST_NITS = 10000;
const MOST_COUNTED = 120000;

// Shares of pixels by log10 of their luminance in nits; the brightest channel; the share of pixels above SDR white.
export function countNits(view, meaning, numbers, weight, white) {
  const counts = new Float32Array(BINS);
  const [wr, wg, wb] = meaning.luminance;
  const first = Math.log10(DARKEST_NITS), scale = BINS / (Math.log10(BRIGHTEST_NITS) - first);
  let peak = 0, above = 0, total = 0;
  const step = Math.max(1, Math.floor(Math.sqrt((view.width * view.height) / MOST_COUNTED)));
  eachRow(view, meaning, numbers, weight, step, (r, g, b) => {
    for (let k = 0; k < r.length; k++) {
      const most = Math.max(r[k], g[k], b[k]);
      peak = Math.max(peak, most);
      if (most > 1.001) above++;
      const place = (Math.log10(Math.max((wr * r[k] + wg * g[k] + wb * b[k]) * white, DARKEST_NITS)) - first) * scale;
      counts[Math.max(0, Math.min(BINS - 1, Math.floor(place)))]++;
    }
    total += r.length;
  });
  for (let i = 0; i < BINS; i++) counts[i] /= total;
  return { counts, peak: peak * white, above: above / total };
}
