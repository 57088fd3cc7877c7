// All photos as tiles. Each is asked for when it comes near the sight, and let go when it is far away.

import { find, make, nitsText, shareText } from "./dom.js";

const AT_ONCE = 240;
const NEAR = "1200px 0px";
const FAR = "4000px 0px";

export class Grid extends EventTarget {
  look = "bright";
  selected = new Set();
  #tiles = new Map();
  #numbers = new WeakMap();

  constructor(source, decisions) {
    super();
    Object.assign(this, { source, decisions, root: find("#grid") });
    this.near = new IntersectionObserver(seen => this.#seen(seen), { rootMargin: NEAR });
    this.far = new IntersectionObserver(seen => this.#gone(seen), { rootMargin: FAR });
    decisions.addEventListener("change", ({ detail }) => detail.forEach(number => this.#changed(number)));
    this.root.addEventListener("click", event => this.#clicked(event));
    this.root.addEventListener("keydown", event => this.#moved(event));
  }

  get order() {
    return [...this.#tiles.keys()];
  }

  async add(photos) {
    for (let i = 0; i < photos.length; i += AT_ONCE) {
      this.root.append(...photos.slice(i, i + AT_ONCE).map(photo => this.#tile(photo)));
      if (i + AT_ONCE < photos.length) await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    }
  }

  #tile({ number, name }) {
    const picture = make("img", { alt: "", draggable: false });
    const caption = make("span", { className: "figure" });
    const open = make("button", { type: "button", className: "open", tabIndex: this.#tiles.size ? -1 : 0 }, picture,
      make("span", { className: "caption" }, make("span", { className: "name" }, name), caption));
    const box = make("input", { type: "checkbox", tabIndex: -1, "aria-label": `Select ${name}` });
    const item = make("li", { className: "tile waiting" }, open, make("label", { className: "pick" }, box));
    const tile = { number, name, item, picture, caption, open, box, asked: 0 };
    this.#tiles.set(number, tile);
    this.#numbers.set(item, number);
    this.#words(tile);
    this.near.observe(item);
    this.far.observe(item);
    return item;
  }

  #words(tile) {
    const { verdict } = this.decisions.of(tile.number);
    const touched = this.decisions.isTouched(tile.number);
    tile.item.classList.toggle("kept", verdict === "keep");
    tile.item.classList.toggle("rejected", verdict === "reject");
    tile.item.classList.toggle("touched", touched);
    const words = [tile.name, tile.fault ?? tile.caption.textContent, verdict === "keep" ? "kept" : verdict === "reject" ? "rejected" : ""];
    tile.open.setAttribute("aria-label", words.filter(Boolean).join(", "));
  }

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.#tiles.get(this.#numbers.get(target));
      tile.isNear = isIntersecting;
      if (isIntersecting) this.#ask(tile);
      else if (tile.asking) tile.asking.abort();
    }
  }

  #gone(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.#tiles.get(this.#numbers.get(target));
      if (!isIntersecting && tile.url) this.#release(tile);
    }
  }

  #release(tile) {
    tile.picture.removeAttribute("src");
    URL.revokeObjectURL(tile.url);
    tile.url = tile.shown = null;
  }

  async #ask(tile) {
    const choice = this.decisions.of(tile.number);
    const wanted = JSON.stringify([this.look, choice.strength, choice.peak, choice.white]);
    if (tile.shown === wanted || tile.fault) return;
    tile.asking?.abort();
    const { signal } = (tile.asking = new AbortController());
    try {
      const found = await this.source.tile(tile.number, choice, this.look, signal);
      const old = tile.url;
      Object.assign(tile, { url: found.url, shown: wanted });
      tile.picture.src = found.url;
      if (old) URL.revokeObjectURL(old);
      const light = `≈ ${nitsText(found.peak_nits)} nits · ${shareText(found.share_above_white)}`;
      tile.caption.textContent = found.origin === "predicted" ? light : `HDR already · ${nitsText(found.peak_nits)} nits`;
    } catch (error) {
      if (signal.aborted) return;
      tile.fault = error.message;
      tile.caption.textContent = error.message;
      tile.caption.title = error.message;
      tile.item.classList.add("faulty");
    }
    tile.item.classList.remove("waiting");
    this.#words(tile);
  }

  setLook(look) {
    this.look = look;
    for (const tile of this.#tiles.values()) if (tile.isNear) this.#ask(tile);
  }

  #changed(number) {
    const tile = this.#tiles.get(number);
    if (!tile) return;
    this.#words(tile);
    if (tile.isNear) this.#ask(tile);
  }

  // ---- selecting, moving

  select(number, on = !this.selected.has(number)) {
    const tile = this.#tiles.get(number);
    this.selected[on ? "add" : "delete"](number);
    tile.box.checked = on;
    tile.item.classList.toggle("selected", on);
    this.last = number;
    this.dispatchEvent(new Event("select"));
  }

  selectAll(on) {
    for (const number of this.#tiles.keys()) if (this.selected.has(number) !== on) this.select(number, on);
  }

  #selectTo(number) {
    const { order } = this;
    const [from, to] = [order.indexOf(this.last ?? number), order.indexOf(number)].sort((a, b) => a - b);
    for (const one of order.slice(from, to + 1)) this.select(one, true);
  }

  get focused() {
    const item = document.activeElement?.closest?.(".tile");
    return item ? this.#numbers.get(item) : undefined;
  }

  focus(number) {
    const tile = this.#tiles.get(number);
    if (!tile) return;
    for (const open of this.root.querySelectorAll(".open[tabindex='0']")) open.tabIndex = -1;
    tile.open.tabIndex = 0;
    tile.open.focus();
    tile.item.scrollIntoView({ block: "nearest" });
  }

  #clicked(event) {
    const item = event.target.closest(".tile");
    if (!item) return;
    const number = this.#numbers.get(item);
    if (event.target.matches("input")) this.select(number, event.target.checked);
    else if (event.target.closest(".pick")) return;
    else if (event.shiftKey) this.#selectTo(number);
    else if (event.ctrlKey || event.metaKey) this.select(number);
    else this.dispatchEvent(new CustomEvent("open", { detail: number }));
  }

  #moved(event) {
    const number = this.focused, { order } = this;
    if (number === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const columns = getComputedStyle(this.root).gridTemplateColumns.split(" ").length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -columns * 3, PageDown: columns * 3 };
    const at = order.indexOf(number);
    const to = { Home: 0, End: order.length - 1 }[event.key] ?? at + (steps[event.key] ?? NaN);
    if (Number.isNaN(to)) return;
    event.preventDefault();
    this.focus(order[Math.min(order.length - 1, Math.max(0, to))]);
  }
}
