// Photos that lie in the page itself, as JSON: codes of the base as a JPEG or PNG, those of the map as a PNG.

async function bitmap(type, base64) {
  const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type }), { colorSpaceConversion: "none" });
}

const read = id => JSON.parse(document.getElementById(id).textContent);

export class EmbeddedSource {
  canExport = false;
  canKeep = false;
  #kept = new Map();

  async state() {
    return read("state");
  }

  async #photo(number) {
    if (!this.#kept.has(number)) {
      const { meaning, base, base_type: type, map, tile, figures } = read(`photo-${number}`);
      const bitmaps = Promise.all([bitmap(type, base), bitmap("image/png", map)]);
      this.#kept.set(number, { meaning, bitmaps, tile, figures });
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

  async pixel(number, x, y) {
    const { meaning } = await this.#photo(number);
    const view = await this.view(number, meaning, [x, y, x + 1, y + 1], [1, 1]);
    const linear = [...view.base].map(code => (code / 255 <= 0.04045 ? code / 255 / 12.92 : ((code / 255 + 0.055) / 1.055) ** 2.4));
    const share = [...view.map].map(code => code / 255);
    return { light: linear, share: share.length === 3 ? share : [share[0], share[0], share[0]] };
  }

  async tile(number) {
    const { tile, figures, meaning } = await this.#photo(number);
    const bytes = Uint8Array.from(atob(tile), letter => letter.charCodeAt(0));
    return { url: URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })), ...figures, origin: meaning.origin };
  }

  fileAddress() {
    return "";
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
