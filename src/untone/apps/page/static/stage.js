// One photo, large: before and after on top of each other, parted by a wipe; zoom and pan move both.
//
// Each side has a canvas of the whole photo at the size it is shown in, and, zoomed in, one of the part in sight. While a
// zoom or a pan goes on, the canvases are moved by the browser; their pixels follow when it rests.

import {
  chosenNumbers, colourTable, countNits, fullHeadroom, gainStops, leastHeadroom, lightAt, luminance, mapWeight,
  paintClipped, paintMap, paintNits, paintPhoto,
} from "./light.js";
import { find, later, make } from "./dom.js";
import { followPointers } from "./pointers.js";

const MOST_PIXELS = 5e6;
const DRAW_MILLISECONDS = 12; // while a slider is pulled
const COARSEST = 4;
const LARGEST_SCALE = 32;
const REST_MILLISECONDS = 110;

export class Stage extends EventTarget {
  look = { kind: "photo", exposure: 0, headroom: null };
  wipe = 0.5;
  isHdr = false;
  coarse = 1;

  constructor(root, source, scale) {
    super();
    this.source = source;
    this.marks = scale;
    this.colours = colourTable(scale);
    this.root = root;
    this.sides = ["before", "after"].map(name => {
      const side = { name, whole: make("canvas"), part: make("canvas"), element: make("div", { className: `side ${name}` }) };
      side.element.append(side.whole, side.part);
      return side;
    });
    this.real = make("img", { className: "real", alt: "", hidden: true });
    this.sides[1].element.append(this.real);
    this.cross = make("div", { className: "cross", hidden: true });
    root.prepend(this.sides[0].element, this.sides[1].element, this.cross);
    this.handle = find("#wipe");
    followPointers(this);
    new ResizeObserver(() => this.fit(true)).observe(root);
    this.rest = later(REST_MILLISECONDS, () => this.#fetchPart());
    this.sharpen = later(2 * REST_MILLISECONDS, () => this.draw(1));
    this.renewReal = later(180, () => this.#showReal());
  }

  async show(number, choice) {
    this.abort?.abort();
    this.abort = new AbortController();
    const { signal } = this.abort;
    Object.assign(this, { number, choice, wholeView: null, partView: null, meaning: null });
    this.real.hidden = true;
    for (const side of this.sides) side.whole.hidden = side.part.hidden = true;
    this.root.setAttribute("aria-busy", "true");
    const meaning = await this.source.meaning(number);
    if (signal.aborted) return null;
    this.meaning = meaning;
    this.numbers = chosenNumbers(meaning, this.choice); // which may be another by now
    this.fit();
    await this.#fetchWhole();
    if (signal.aborted) return null;
    this.root.removeAttribute("aria-busy");
    return meaning;
  }

  // Another moment of a film; what is shown stays until its frame is there, and of many that are asked for the last counts.
  async seek(at) {
    this.sought = at;
    if (this.seeking) return;
    this.seeking = true;
    const { number } = this, { signal } = this.abort;
    try {
      while (this.sought !== null && !signal.aborted) {
        const now = this.sought;
        this.sought = null;
        const meaning = await this.source.meaning(number, now);
        const view = await this.source.view(number, meaning, [0, 0, meaning.width, meaning.height], this.#wholeSize(meaning), signal);
        if (signal.aborted) return;
        this.real.hidden = true;
        Object.assign(this, { meaning, numbers: chosenNumbers(meaning, this.choice), wholeView: view, partView: null });
        for (const side of this.sides) side.part.hidden = true;
        this.draw(1);
        this.renewReal();
        this.rest();
        this.dispatchEvent(new Event("sought"));
      }
    } catch (error) {
      if (!signal.aborted) this.dispatchEvent(new CustomEvent("fault", { detail: error.message }));
    } finally {
      this.seeking = false;
    }
  }

  // Another choice: the codes stay, the numbers change.
  choose(choice) {
    this.choice = choice;
    if (!this.meaning) return;
    this.numbers = chosenNumbers(this.meaning, choice);
    this.redraw();
    this.renewReal();
  }

  setLook(values) {
    Object.assign(this.look, values);
    if (!this.isReal) this.real.hidden = true;
    this.redraw();
    this.renewReal();
  }

  // ---- where the photo lies

  get area() {
    const { clientWidth: width, clientHeight: height } = this.root;
    return { width, height };
  }

  get fitScale() {
    const { width, height } = this.area;
    return Math.min(width / this.meaning.width, height / this.meaning.height, 8);
  }

  get isZoomed() {
    return this.meaning && this.scale > this.fitScale * 1.001;
  }

  fit(keepZoom = false) {
    if (!this.meaning || !this.area.width) return;
    if (!(keepZoom && this.wasZoomed)) {
      this.scale = this.fitScale;
      this.centre = [this.meaning.width / 2, this.meaning.height / 2];
    }
    this.#place();
    this.rest();
    if (keepZoom) later(REST_MILLISECONDS, () => this.#fetchWhole())();
  }

  // Zoom by a factor around a point of the stage (its middle unless told otherwise).
  zoom(factor, x = this.area.width / 2, y = this.area.height / 2) {
    if (!this.meaning) return;
    const [px, py] = this.toPhoto(x, y);
    this.scale = Math.min(Math.max(this.scale * factor, this.fitScale), Math.max(LARGEST_SCALE / devicePixelRatio, this.fitScale));
    this.centre = [px - (x - this.area.width / 2) / this.scale, py - (y - this.area.height / 2) / this.scale];
    this.#place();
    this.rest();
  }

  // One pixel of the photo on one of the screen, or the whole photo again.
  zoomToPixels(x, y) {
    if (this.isZoomed) this.fit();
    else this.zoom(Math.max(1 / devicePixelRatio / this.scale, 2), x, y);
  }

  pan(dx, dy) {
    if (!this.meaning) return;
    this.centre = [this.centre[0] - dx / this.scale, this.centre[1] - dy / this.scale];
    this.#place();
    this.rest();
  }

  toPhoto(x, y) {
    return [this.centre[0] + (x - this.area.width / 2) / this.scale, this.centre[1] + (y - this.area.height / 2) / this.scale];
  }

  toStage(px, py) {
    return [(px - this.centre[0]) * this.scale + this.area.width / 2, (py - this.centre[1]) * this.scale + this.area.height / 2];
  }

  #place() {
    const { width, height } = this.meaning;
    for (const [axis, side, all] of [[0, this.area.width, width], [1, this.area.height, height]]) {
      const half = side / 2 / this.scale;
      this.centre[axis] = half * 2 >= all ? all / 2 : Math.min(Math.max(this.centre[axis], half), all - half);
    }
    this.wasZoomed = this.isZoomed;
    for (const side of this.sides) {
      this.#lay(side.whole, [0, 0, width, height]);
      if (this.partView) this.#lay(side.part, this.partView.box);
    }
    this.#lay(this.real, [0, 0, width, height]);
    this.#layWipe();
    this.root.classList.toggle("zoomed", Boolean(this.isZoomed));
    this.root.classList.toggle("pixels", this.scale * devicePixelRatio >= 3);
    this.dispatchEvent(new Event("move"));
  }

  #lay(element, [left, top, right, bottom]) {
    const [x, y] = this.toStage(left, top);
    element.style.transform = `translate(${x}px, ${y}px)`;
    element.style.width = `${(right - left) * this.scale}px`;
    element.style.height = `${(bottom - top) * this.scale}px`;
  }

  // The wipe runs over the part of the stage that the photo covers.
  #layWipe() {
    const { width } = this.area;
    const [left] = this.toStage(0, 0), [right] = this.toStage(this.meaning?.width ?? 0, 0);
    this.span = [Math.max(0, left), Math.min(width, right)];
    const x = this.span[0] + (this.span[1] - this.span[0]) * this.wipe;
    this.sides[1].element.style.clipPath = `inset(0 0 0 ${x}px)`;
    this.sides[0].element.style.clipPath = `inset(0 ${width - x}px 0 0)`;
    this.handle.style.transform = `translateX(${x}px)`;
    const after = Math.round((1 - this.wipe) * 100);
    this.handle.setAttribute("aria-valuenow", Math.round(this.wipe * 100));
    this.handle.setAttribute("aria-valuetext", `${100 - after} % before, ${after} % after`);
    find("#label-before").classList.toggle("gone", this.wipe < 0.12);
    find("#label-after").classList.toggle("gone", this.wipe > 0.88);
  }

  setWipe(share) {
    this.wipe = Math.min(1, Math.max(0, share));
    if (this.meaning) this.#layWipe();
  }

  // ---- pixels

  // Pixels of the whole photo as it fits this screen, but no more than it has.
  #wholeSize({ width, height }) {
    const dense = Math.min(this.fitScale * devicePixelRatio, Math.sqrt(MOST_PIXELS / (width * height)));
    return [width, height].map(side => Math.max(1, Math.round(side * Math.min(dense, 1))));
  }

  async #fetchWhole() {
    if (!this.meaning || !this.area.width) return; // left meanwhile: no pixels are in sight
    const { width, height } = this.meaning, size = this.#wholeSize(this.meaning);
    if (this.wholeView && Math.abs(this.wholeView.width - size[0]) < 2) return;
    const view = await this.#fetch([0, 0, width, height], size);
    if (!view) return;
    this.wholeView = view;
    for (const side of this.sides) side.whole.hidden = false;
    this.#place();
    this.draw(1);
    this.renewReal();
    this.dispatchEvent(new Event("loaded"));
  }

  async #fetchPart() {
    if (!this.area.width) return;
    if (!this.isZoomed) {
      this.partView = null;
      for (const side of this.sides) side.part.hidden = true;
      return;
    }
    const { width, height } = this.meaning, { width: wide, height: high } = this.area;
    const [left, top] = this.toPhoto(0, 0).map(Math.floor), [right, bottom] = this.toPhoto(wide, high).map(Math.ceil);
    const box = [Math.max(0, left), Math.max(0, top), Math.min(width, right), Math.min(height, bottom)];
    const size = [box[2] - box[0], box[3] - box[1]];
    const dense = Math.min(this.scale * devicePixelRatio, 1, Math.sqrt(MOST_PIXELS / (size[0] * size[1])));
    const view = await this.#fetch(box, size.map(side => Math.max(1, Math.round(side * dense))));
    if (!view || !this.isZoomed) return;
    this.partView = view;
    this.draw(1);
    for (const side of this.sides) side.part.hidden = false;
    this.#place();
    this.dispatchEvent(new Event("sharp"));
  }

  async #fetch(box, size) {
    const { signal } = this.abort, { number } = this;
    try {
      const view = await this.source.view(number, this.meaning, box, size, signal);
      return signal.aborted ? null : view;
    } catch (error) {
      if (!signal.aborted) this.dispatchEvent(new CustomEvent("fault", { detail: error.message }));
      return null;
    }
  }

  redraw() {
    if (this.waiting || !this.wholeView) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null;
      this.draw(this.coarse);
      if (this.coarse > 1) this.sharpen();
    });
  }

  // `step` 2 draws every second pixel of every second row: while a slider is pulled, so many as there is time for.
  draw(step) {
    if (!this.wholeView) return;
    const start = performance.now();
    for (const side of this.sides) {
      const shows = this.#shows(side.name, step);
      if (side.shows === shows && side.views === this.wholeView && side.parts === this.partView) continue;
      Object.assign(side, { shows, views: this.wholeView, parts: this.partView });
      this.#paint(side.whole, this.wholeView, side.name, step);
      if (this.partView) this.#paint(side.part, this.partView, side.name, step);
    }
    this.root.dataset.step = step;
    const steps = Math.ceil(Math.sqrt((performance.now() - start) / DRAW_MILLISECONDS));
    if (step === 1) this.coarse = Math.min(COARSEST, Math.max(1, steps));
    this.dispatchEvent(new Event("drawn"));
  }

  // All that the pixels of a side depend on, beside its codes: what has not changed is not painted again.
  #shows(name, step) {
    const { kind, exposure, headroom } = this.look;
    const { low, high } = this.numbers;
    const light = name === "before" && this.weights.before === 0 ? null : [low, high, this.weights[name], headroom];
    return JSON.stringify([this.number, step, kind, exposure, light, kind === "nits" ? this.choice.white : null]);
  }

  get weights() {
    const headroom = this.look.headroom ?? fullHeadroom(this.numbers);
    return { before: mapWeight(this.numbers, leastHeadroom(this.numbers)), after: mapWeight(this.numbers, headroom) };
  }

  // What the simulated display can show, 1 = SDR white; without limit where it has all the headroom of the photo.
  get ceiling() {
    return this.look.headroom === null ? Infinity : 2 ** this.look.headroom;
  }

  #paint(canvas, view, name, step) {
    const width = Math.ceil(view.width / step), height = Math.ceil(view.height / step);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const before = name === "before", weight = this.weights[name];
    const common = [image.data, view, this.meaning, this.numbers, weight, step];
    const { kind, exposure } = this.look;
    if (kind === "nits") paintNits(...common, { colours: this.colours, white: this.choice.white });
    else if (kind === "map" && !before) paintMap(image.data, view, this.meaning, step);
    else if (kind === "clipped") paintClipped(...common, { ceiling: Number.isFinite(this.ceiling) ? this.ceiling : 1, before });
    else paintPhoto(...common, { exposure, ceiling: before ? 1 : this.ceiling });
    context.putImageData(image, 0, 0);
  }

  counts() {
    const { white } = this.choice, { before, after } = this.weights;
    return [before, after].map(weight => countNits(this.wholeView, this.meaning, this.numbers, weight, white));
  }

  // ---- the real thing, on screens that have the light for it

  // Whether the screen shows the light itself, and nothing is simulated.
  get isReal() {
    const { kind, exposure, headroom } = this.look;
    return Boolean(this.isHdr && kind === "photo" && exposure === 0 && headroom === null && this.meaning);
  }

  #showReal() {
    if (!this.isReal) return;
    const address = this.source.fileAddress(this.number, this.meaning, this.choice, "screen");
    if (!address) this.real.hidden = true;
    else if (this.real.getAttribute("src") === address) this.real.hidden = false;
    else {
      this.real.src = address;
      this.real.decode().then(() => { this.real.hidden = !this.isReal; }, () => {});
    }
  }

  // ---- the probe

  // Both sides at a pixel of the photo, exactly: nits, stops over white, and light.
  async probe(px, py) {
    const x = Math.floor(px), y = Math.floor(py), { number, meaning } = this;
    if (!meaning || x < 0 || y < 0 || x >= meaning.width || y >= meaning.height) return null;
    const { light, share } = await this.source.pixel(number, meaning, x, y);
    if (number !== this.number || meaning !== this.meaning) return null;
    const { before, after } = this.weights;
    const sides = [before, after].map(weight => {
      const found = lightAt(meaning, this.numbers, light, share, weight);
      const relative = luminance(meaning, found);
      return { light: found, nits: Math.max(0, relative) * this.choice.white, stops: Math.log2(relative) };
    });
    const gains = [0, 1, 2].map(c => gainStops(meaning, this.numbers, c, share[c]));
    return { x, y, before: sides[0], after: sides[1], gains };
  }

  showCross(point) {
    this.cross.hidden = !point;
    if (point) {
      const [x, y] = this.toStage(...point);
      this.cross.style.transform = `translate(${x}px, ${y}px)`;
    }
  }
}
