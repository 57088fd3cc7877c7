// All photos as tiles. The document holds those near the sight, at their places in a grid as long as all of them.
//
// Pictures come many in one answer, those in sight first; what is scrolled by before its turn is given up.

import { find, make, nitsText, shareText, timeText } from "./dom.js";

const SCREENS_NEAR = 1.5;
const MOST_AT_ONCE = 32;
const MOST_HELD = 600; // pictures of tiles, some 40 MB

export class Grid extends EventTarget {
  look = "bright";
  selected = new Set();
  order = [];
  #photos = new Map();
  #places = new Map();
  #tiles = new Map();
  #found = new Map();
  #asking = null;

  constructor(source, decisions) {
    super();
    Object.assign(this, { source, decisions, root: find("#grid") });
    decisions.addEventListener("change", ({ detail }) => this.#changed(detail));
    this.root.addEventListener("click", event => this.#clicked(event));
    this.root.addEventListener("keydown", event => this.#moved(event));
    addEventListener("scroll", () => this.lay(), { passive: true });
    new ResizeObserver(() => this.#measure()).observe(this.root);
  }

  // All photos there are, in their order: others than before, or the same with other stamps, where files changed.
  show(photos) {
    const { focused, order } = this, known = this.#photos;
    this.#photos = new Map(photos.map(photo => [photo.number, photo]));
    this.order = photos.map(({ number }) => number);
    this.#places = new Map(this.order.map((number, at) => [number, at]));
    for (const [number, { stamp }] of known)
      if (this.#photos.get(number)?.stamp !== stamp || this.#found.get(number)?.isLost) this.#forget(number);
    if (order.length === photos.length && order.every((number, at) => number === this.order[at])) {
      this.lay();
      return;
    }
    for (const tile of this.#tiles.values()) this.#number(tile, this.#places.get(tile.number));
    const gone = [...this.selected].filter(number => !this.#places.has(number));
    if (gone.length) this.select(gone, false);
    if (!this.#places.has(this.last)) this.last = undefined;
    if (!this.#places.has(this.current)) this.current = this.order[0];
    this.#measure();
    if (focused !== undefined) this.focus(focused);
  }

  #forget(number) {
    this.#found.delete(number);
    this.#tiles.get(number)?.item.remove();
    this.#tiles.delete(number);
  }

  #number(tile, at) {
    tile.at = at;
    tile.item.setAttribute("aria-setsize", this.order.length);
    tile.item.setAttribute("aria-posinset", at + 1);
  }

  // ---- which tiles there are

  // A row is as high as a tile is by itself.
  #measure() {
    if (!this.root.clientWidth || !this.order.length) return;
    const { gridTemplateColumns, rowGap } = getComputedStyle(this.root);
    this.columns = gridTemplateColumns.split(" ").length;
    const sample = this.#tiles.values().next().value ?? this.#tile(0);
    if (!sample.item.isConnected) this.root.append(sample.item);
    const height = sample.open.offsetHeight;
    this.pitch = height + parseFloat(rowGap);
    this.root.style.gridTemplateRows = `repeat(${Math.ceil(this.order.length / this.columns)}, ${height}px)`;
    for (const tile of this.#tiles.values()) this.#place(tile);
    this.lay();
  }

  #place({ item, at }) {
    item.style.gridArea = `${Math.floor(at / this.columns) + 1} / ${(at % this.columns) + 1}`;
  }

  // Rows that are at most so many screens away, as places of tiles from the first to before the last.
  #within(screens) {
    const above = -this.root.getBoundingClientRect().top, near = innerHeight * screens;
    const [first, last] = [above - near, above + innerHeight + near].map(y => Math.floor(y / this.pitch) * this.columns);
    return [Math.max(0, first), Math.min(this.order.length, last + this.columns)];
  }

  lay() {
    if (!this.root.clientWidth || !this.pitch || !this.order.length) return;
    const [first, last] = this.#within(SCREENS_NEAR), { focused } = this;
    for (const [number, { item, at }] of this.#tiles)
      if ((at < first || at >= last) && number !== focused) {
        item.remove();
        this.#tiles.delete(number);
      }
    let next = [...this.root.children].find(item => this.#places.get(Number(item.dataset.number)) >= last) ?? null;
    for (let at = last - 1; at >= first; at--) {
      const { item } = this.#tiles.get(this.order[at]) ?? this.#tile(at);
      if (item.parentNode !== this.root || item.nextSibling !== next) this.root.insertBefore(item, next);
      next = item;
    }
    if (!this.#tiles.has(this.current)) this.#rove(this.order[this.#within(0)[0]]);
    this.#ask();
  }

  #tile(at) {
    const number = this.order[at], { name } = this.#photos.get(number);
    const picture = make("img", { alt: "", draggable: false });
    const caption = make("span", { className: "figure" });
    const open = make("button", { type: "button", className: "open", tabIndex: number === this.current ? 0 : -1 },
      make("span", { className: "frame" }, picture),
      make("span", { className: "caption" }, make("span", { className: "name" }, name), caption));
    const box = make("input", { type: "checkbox", tabIndex: -1, "aria-label": `Select ${name}`, checked: this.selected.has(number) });
    const item = make("li", { className: "tile waiting" }, open, make("label", { className: "pick" }, box));
    item.dataset.number = number;
    item.classList.toggle("selected", box.checked);
    const tile = { number, name, item, picture, caption, open, box };
    this.#number(tile, at);
    this.#tiles.set(number, tile);
    this.#place(tile);
    const found = this.#found.get(number);
    if (found) this.#show(tile, found);
    else this.#words(tile);
    return tile;
  }

  // ---- what they show

  #words(tile) {
    const { verdict } = this.decisions.of(tile.number), { classList } = tile.item;
    classList.toggle("kept", verdict === "keep");
    classList.toggle("rejected", verdict === "reject");
    classList.toggle("touched", this.decisions.isTouched(tile.number));
    const words = [tile.name, tile.caption.textContent, verdict === "keep" ? "kept" : verdict === "reject" ? "rejected" : ""];
    tile.open.setAttribute("aria-label", words.filter(Boolean).join(", "));
  }

  #show(tile, found) {
    const { picture, caption, item } = tile;
    if (found.fault) caption.textContent = caption.title = found.fault;
    else {
      picture.src = `data:image/jpeg;base64,${found.picture}`;
      const film = found.seconds ? `${timeText(found.seconds)} · ` : "";
      const light = `${nitsText(found.peak_nits)} nits`;
      caption.title = "The brightest pixel, and how much of the photo is brighter than SDR white";
      caption.textContent = film + (found.origin === "predicted" ? `≈ ${light} · ${shareText(found.share_above_white)}` : `HDR already · ${light}`);
    }
    item.classList.toggle("faulty", Boolean(found.fault));
    item.classList.remove("waiting");
    this.#words(tile);
  }

  #wanted(number) {
    const { strength, peak, white } = this.decisions.of(number);
    return JSON.stringify([this.look, strength, peak, white]);
  }

  #isMissing(number) {
    const found = this.#found.get(number);
    return !found || (!found.fault && found.wanted !== this.#wanted(number));
  }

  // One question at a time: where something in sight was not asked for, it is put anew.
  #ask() {
    if (!this.pitch) return;
    const [first, last] = this.#within(0), middle = (first + last) / 2;
    const missing = [...this.#tiles.keys()].filter(number => this.#isMissing(number));
    if (!missing.length) return;
    const isSeen = at => at >= first && at < last;
    if (this.#asking) {
      const isAsked = number => this.#asking.wanted.get(number) === this.#wanted(number);
      if (missing.every(number => isAsked(number) || !isSeen(this.#places.get(number)))) return;
      this.#asking.abort();
    }
    const far = at => (isSeen(at) ? at - last : Math.abs(at - middle)); // in sight from the top, then outwards
    const places = missing.map(number => this.#places.get(number)).sort((a, b) => far(a) - far(b));
    this.#take(places.slice(0, MOST_AT_ONCE).map(at => this.order[at]));
  }

  async #take(numbers) {
    const asking = (this.#asking = new AbortController());
    asking.wanted = new Map(numbers.map(number => [number, this.#wanted(number)]));
    const asked = numbers.map(number => [number, this.decisions.of(number)]);
    try {
      for await (const found of this.source.tiles(asked, this.look, asking.signal)) {
        if (asking.signal.aborted) return;
        this.#keep(found.number, { ...found, wanted: asking.wanted.get(found.number) });
      }
    } catch (error) {
      if (asking.signal.aborted) return;
      for (const number of numbers) if (this.#isMissing(number)) this.#keep(number, { fault: error.message, isLost: true });
    }
    if (this.#asking !== asking) return;
    this.#asking = null;
    this.#ask();
  }

  #keep(number, found) {
    this.#found.delete(number);
    this.#found.set(number, found);
    if (this.#found.size > MOST_HELD) this.#found.delete(this.#found.keys().next().value);
    const tile = this.#tiles.get(number);
    if (tile) this.#show(tile, found);
  }

  setLook(look) {
    this.look = look;
    this.#ask();
  }

  #changed(numbers) {
    for (const number of numbers) {
      const tile = this.#tiles.get(number);
      if (tile) this.#words(tile);
    }
    this.#ask();
  }

  // ---- selecting, moving

  select(numbers, on) {
    for (const number of numbers) {
      this.selected[on ? "add" : "delete"](number);
      const tile = this.#tiles.get(number);
      if (tile) tile.box.checked = on;
      tile?.item.classList.toggle("selected", on);
    }
    this.last = numbers.at(-1);
    this.dispatchEvent(new Event("select"));
  }

  toggle(number) {
    this.select([number], !this.selected.has(number));
  }

  #selectTo(number) {
    const [from, to] = [this.last ?? number, number].map(one => this.#places.get(one)).sort((a, b) => a - b);
    this.select(this.order.slice(from, to + 1), true);
  }

  get focused() {
    const item = document.activeElement?.closest?.(".tile");
    return item ? Number(item.dataset.number) : undefined;
  }

  focus(number) {
    const at = this.#places.get(number);
    if (at === undefined) return;
    if (!this.pitch) this.#measure();
    const top = this.root.getBoundingClientRect().top + Math.floor(at / this.columns) * this.pitch;
    const head = Math.max(0, find(".bar").getBoundingClientRect().bottom);
    if (top < head) scrollBy(0, top - head - 8);
    else if (top + this.pitch > innerHeight) scrollBy(0, top + this.pitch - innerHeight);
    this.lay();
    this.#rove(number);
    this.#tiles.get(number).open.focus({ preventScroll: true });
  }

  // The tile that Tab leads to.
  #rove(number) {
    const was = this.#tiles.get(this.current);
    if (was) was.open.tabIndex = -1;
    this.current = number;
    this.#tiles.get(number).open.tabIndex = 0;
  }

  #clicked(event) {
    const item = event.target.closest(".tile");
    if (!item) return;
    const number = Number(item.dataset.number);
    if (event.target.matches("input")) this.select([number], event.target.checked);
    else if (event.target.closest(".pick")) return;
    else if (event.shiftKey) this.#selectTo(number);
    else if (event.ctrlKey || event.metaKey) this.toggle(number);
    else this.dispatchEvent(new CustomEvent("open", { detail: number }));
  }

  #moved(event) {
    const number = this.focused;
    if (number === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const { columns, order } = this, last = order.length - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -columns * 3, PageDown: columns * 3 };
    const to = { Home: 0, End: last }[event.key] ?? this.#places.get(number) + steps[event.key];
    if (Number.isNaN(to)) return;
    event.preventDefault();
    this.focus(order[Math.min(last, Math.max(0, to))]);
  }
}
