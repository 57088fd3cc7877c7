// Photos that lie in the page itself, as JSON: codes of the base as a JPEG (with the map, for HDR screens), and of the map as a PNG.

import { UNTOUCHED } from "./decisions.js";
import { srgbToLinear } from "./light.js";

function blob(base64, type) {
  return new Blob([Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))], { type });
}

const bitmap = (base64, type) => createImageBitmap(blob(base64, type), { colorSpaceConversion: "none" });

const read = id => JSON.parse(document.getElementById(id).textContent);

export class EmbeddedSource {
  canExport = false;
  canKeep = false;
  canSeek = false;
  #kept = new Map();

  async state() {
    return read("state");
  }

  async #photo(number) {
    if (!this.#kept.has(number)) {
      const photo = read(`photo-${number}`);
      photo.bitmaps = Promise.all([bitmap(photo.base, "image/jpeg"), bitmap(photo.map, "image/png")]);
      this.#kept.set(number, photo);
    }
    return this.#kept.get(number);
  }

  async meaning(number) {
    return (await this.#photo(number)).meaning;
  }

  async view(number, meaning, box, size) {
    const [base, map] = await (await this.#photo(number)).bitmaps;
    const enlarged = size[0] >= box[2] - box[0];
    return {
      base: codes(base, meaning, box, size, 3, !enlarged), map: codes(map, meaning, box, size, meaning.channels, true),
      width: size[0], height: size[1], box,
    };
  }

  async pixel(number, meaning, x, y) {
    const view = await this.view(number, meaning, [x, y, x + 1, y + 1], [1, 1]);
    const linear = [...view.base].map(code => srgbToLinear(code / 255));
    const share = [...view.map].map(code => code / 255);
    return { light: linear, share: share.length === 3 ? share : [share[0], share[0], share[0]] };
  }

  async *tiles(photos) {
    for (const [number] of photos) {
      const { tile, figures, meaning } = read(`photo-${number}`);
      yield { number, picture: tile, ...figures, origin: meaning.origin };
    }
  }

  // Whether a choice has the numbers that the page was made with.
  #isMade(number, choice) {
    const { strength, peak, white } = { ...UNTOUCHED, ...read("state").choices[number] };
    return strength === choice.strength && peak === choice.peak && white === choice.white;
  }

  async figures(number, meaning, choice) {
    return this.#isMade(number, choice) ? meaning : null;
  }

  // The picture with its gain map, for HDR screens: there is one.
  fileAddress(number, meaning, choice) {
    if (!this.#isMade(number, choice)) return null;
    const photo = this.#kept.get(number);
    photo.address ??= URL.createObjectURL(blob(photo.base, "image/jpeg"));
    return photo.address;
  }

  async extras(number) {
    return this.#photo(number);
  }
}

// Codes of a part of a picture that covers the photo, by the canvas.
function codes(picture, meaning, [left, top, right, bottom], [width, height], channels, smooth) {
  const across = picture.width / meaning.width, down = picture.height / meaning.height;
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = smooth;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, left * across, top * down, (right - left) * across, (bottom - top) * down, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const found = new Uint8Array(width * height * channels);
  for (let i = 0, p = 0; i < found.length; p += 4) for (let c = 0; c < channels; c++) found[i++] = data[p + c];
  return found;
}
