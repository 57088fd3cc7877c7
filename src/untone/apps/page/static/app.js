// The page: a grid of photos, one of them large, and keys for everything.

import { Decisions } from "./decisions.js";
import { listenToFiles } from "./dropping.js";
import { ExportDialog } from "./exporting.js";
import { Grid } from "./grid.js";
import { PhotoView } from "./photo.js";
import { find, make, say } from "./dom.js";

const KEYS = [
  ["Everywhere", [["K", "keep", "served"], ["R", "reject", "served"], ["0", "reset strength, peak and white"], ["Z", "undo"], ["E", "export", "served"], ["?", "this list"]]],
  ["Among all photos", [["Arrows", "move"], ["Enter", "open"], ["X", "select"], ["A", "select all, or none"], ["C", "copy the choices of this photo to those selected"]]],
  ["In one photo", [["← →", "previous, next"], ["Esc", "all photos"], ["W", "wipe, then arrows"], ["B", "before, after"], ["[ ]", "strength"], [", .", "exposure"],
    ["V", "photo, nits, gain map, clipped"], ["+ − F 1", "zoom in, out, whole photo, pixels"], ["Shift arrows", "pan"], ["P", "probe, then arrows"], ["T", "moment of a film, then arrows"]]],
];

export async function start(source) {
  const opened = source.state().then(state => new App(source, state));
  if (source.canExport) listenToFiles(files => opened.then(app => app.take(files), () => {})); // from now on, or what is dropped early were lost
  const app = await opened;
  app.route();
  app.grid.show([...app.photos.values()]);
  return app;
}

class App {
  kept = Promise.resolve();

  constructor(source, state) {
    this.source = source;
    this.photos = new Map(state.photos.map(photo => [photo.number, photo]));
    this.decisions = new Decisions(state.choices, changes => this.#keep(changes));
    this.grid = new Grid(source, this.decisions);
    this.view = new PhotoView(source, this.decisions, state.scale);
    if (source.canExport) this.exporting = new ExportDialog(source, () => this.#groups());
    else for (const element of document.querySelectorAll(".served")) element.hidden = true;
    this.mostBytes = state.most_upload_bytes;
    this.title = state.title ?? "untone";
    this.#words(state);
    this.#listen();
  }

  #words(state) {
    document.title = this.title;
    this.#tell(state);
    find("#keys").replaceChildren(...KEYS.map(([title, keys]) =>
      make("section", {}, make("h3", {}, title), make("dl", {}, ...keys.filter(([, , served]) => !served || this.source.canExport).flatMap(([key, what]) =>
        [make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)])))));
  }

  #tell({ faults }) {
    const { size } = this.photos;
    find("#count").textContent = `${size} photo${size === 1 ? "" : "s"}`;
    find("#notice").textContent = faults.join(" ");
    find("#notice").hidden = !faults.length;
  }

  // What changed meanwhile: photos on the disk, choices in another tab.
  async refresh() {
    this.isOld = true;
    if (this.refreshing) return;
    this.refreshing = true;
    while (this.isOld && !document.hidden && !this.adding) {
      this.isOld = false;
      await this.#lookAgain();
    }
    this.refreshing = false;
  }

  async #lookAgain() {
    const { kept } = this;
    await kept;
    const state = await this.source.state().catch(() => null); // whoever asks for something next is told
    if (!state) return;
    if (this.kept !== kept || this.adding) { // or what was chosen meanwhile would be undone
      this.isOld = true;
      return;
    }
    const was = this.photos.get(this.shown);
    this.photos = new Map(state.photos.map(photo => [photo.number, photo]));
    this.#tell(state);
    this.grid.show(state.photos);
    this.decisions.learn(state.choices);
    if (!was) return;
    const now = this.photos.get(this.shown);
    if (!now) {
      say(`${was.name} is gone`, true);
      location.hash = "";
    } else if (now.stamp !== was.stamp) this.route();
  }

  #listen() {
    const { grid, view } = this;
    grid.addEventListener("open", ({ detail }) => { location.hash = `#${detail}`; });
    grid.addEventListener("select", () => this.#selected());
    addEventListener("hashchange", () => {
      find("dialog[open]")?.close(); // which was about the place before; an export goes on
      this.route();
    });
    addEventListener("keydown", event => this.#key(event));
    find("#tile-look").addEventListener("change", event => grid.setLook(event.target.value));
    find("#back").addEventListener("click", () => this.leave());
    find("#previous").addEventListener("click", () => this.step(-1));
    find("#next").addEventListener("click", () => this.step(1));
    for (const button of document.querySelectorAll(".help-button")) button.addEventListener("click", () => find("#help").showModal());
    view.addEventListener("shown", () => this.#ahead());
    if (!this.source.canExport) return;
    find("#open-export").addEventListener("click", () => this.export());
    find("#export-this").addEventListener("click", () => this.export());
    find("#copy").addEventListener("click", () => this.copy());
    addEventListener("focus", () => this.refresh());
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  // ---- where we are: #12 is photo 12

  get current() {
    return /^#\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : undefined;
  }

  route() {
    const photo = this.photos.get(this.current), was = this.shown;
    if (photo && was === undefined) this.scrolled = scrollY;
    find("#grid-view").hidden = Boolean(photo);
    find("#photo-view").hidden = !photo;
    this.shown = photo?.number;
    if (photo) {
      const order = [...this.photos.keys()];
      document.title = `${photo.name} · untone`;
      this.view.open(photo, `${order.indexOf(photo.number) + 1} / ${order.length}`);
      if (was === undefined) find("#stage").focus({ preventScroll: true });
    } else {
      document.title = this.title;
      if (was === undefined) return;
      scrollTo(0, this.scrolled);
      this.grid.focus(was);
    }
  }

  leave() {
    if (this.photos.size > 1 || this.source.canExport) location.hash = "";
  }

  step(by) {
    const order = [...this.photos.keys()];
    const to = order[order.indexOf(this.shown) + by];
    if (to === undefined) say(by > 0 ? "This is the last photo" : "This is the first photo");
    else location.replace(`#${to}`);
  }

  // The next photo is made while this one is looked at.
  #ahead() {
    const order = [...this.photos.keys()];
    const next = order[order.indexOf(this.shown) + 1];
    if (next !== undefined) this.source.meaning(next).catch(() => {});
  }

  // ---- choices

  // One after the other: what was chosen last is kept last.
  #keep(changes) {
    if (!this.source.canKeep) return;
    this.kept = this.kept.then(() => this.source.choose(changes)).then(
      ({ faults }) => { if (faults.length) say(faults[0], true); },
      error => say(`Not kept: ${error.message}`, true),
    );
  }

  #selected() {
    const { size } = this.grid.selected;
    find("#selected").hidden = !size;
    find("#selected").textContent = `${size} selected`;
    find("#copy").hidden = !size || !this.source.canExport;
  }

  // The photo that keys are about: the one shown, the focused one, or those selected.
  get #targets() {
    if (this.shown !== undefined) return [this.shown];
    if (this.grid.selected.size) return [...this.grid.selected];
    return this.grid.focused === undefined ? [] : [this.grid.focused];
  }

  decide(verdict) {
    const numbers = this.#targets;
    if (!numbers.length || !this.source.canKeep) return;
    const all = numbers.every(number => this.decisions.of(number).verdict === verdict);
    this.decisions.change(numbers, { verdict: all ? null : verdict });
    say(`${numbers.length === 1 ? this.photos.get(numbers[0]).name : `${numbers.length} photos`}: ${all ? "undecided" : verdict === "keep" ? "kept" : "rejected"}`);
  }

  copy() {
    const from = this.shown ?? this.grid.focused ?? this.grid.current; // by the mouse, the photo that one was in last
    const to = [...this.grid.selected].filter(number => number !== from);
    if (from === undefined || !to.length) {
      say("Select photos with X, then move to the one to copy from, and press C");
      return;
    }
    const { strength, peak, white } = this.decisions.of(from);
    this.decisions.change(to, { strength, peak, white });
    say(`Light of ${this.photos.get(from).name} copied to ${to.length} photo${to.length === 1 ? "" : "s"}`);
  }

  undo() {
    const numbers = this.decisions.undo();
    say(numbers.length ? `Undone for ${numbers.length === 1 ? this.photos.get(numbers[0]).name : `${numbers.length} photos`}` : "Nothing to undo");
  }

  // ---- files in and out

  #groups() {
    const all = [...this.photos.keys()], verdict = number => this.decisions.of(number).verdict;
    const kept = all.filter(number => verdict(number) === "keep"), rest = all.filter(number => verdict(number) !== "reject");
    const selected = [...this.grid.selected].filter(number => verdict(number) !== "reject");
    const here = this.shown !== undefined && verdict(this.shown) !== "reject" ? [this.shown] : [];
    return [
      { name: "this", photos: here, words: `This photo, ${this.photos.get(this.shown)?.name}` },
      { name: "selected", photos: selected, words: `Selected (${selected.length})` },
      { name: "kept", photos: kept, words: `Kept (${kept.length})` },
      { name: "all", photos: rest, words: `All that are not rejected (${rest.length})` },
    ];
  }

  export() {
    this.exporting.open(this.shown === undefined ? undefined : "this");
  }

  take(files) {
    if (this.shown !== undefined) this.leave();
    return this.#upload(files);
  }

  async #upload(files) {
    const faults = [], added = [];
    this.adding = true;
    for (const file of files) {
      if (files.length > 1) say(`Adding ${added.length + faults.length + 1} of ${files.length}`);
      try {
        if (file.size > this.mostBytes) throw new Error(`${this.mostBytes >> 20} MiB may be dropped here; name it on the command line`);
        added.push(await this.source.upload(file));
        this.photos.set(added.at(-1).number, added.at(-1));
        this.grid.show([...this.photos.values()]);
      } catch (error) {
        faults.push(`${file.name}: ${error.message}`);
      }
    }
    this.adding = false;
    find("#files").value = ""; // or the same file could not be chosen again
    if (added.length) say(`${added.length === 1 ? added[0].name : `${added.length} photos`} added for as long as this page runs`);
    if (faults.length) say(faults[0] + (faults.length > 1 ? `; ${faults.length - 1} more could not be added` : ""), true);
    if (added.length && this.shown === undefined) this.grid.focus(added.at(-1).number);
    this.refresh();
  }

  // ---- keys

  #key(event) {
    const { key } = event, inText = event.target.matches?.("input:not([type=range]):not([type=radio]):not([type=checkbox])");
    if (event.defaultPrevented || inText || document.querySelector("dialog[open]")) return;
    const undoes = (event.ctrlKey || event.metaKey) && key.toLowerCase() === "z";
    if ((event.ctrlKey || event.metaKey || event.altKey) && !undoes) return;
    const isRange = event.target.matches?.("input[type=range], input[type=radio], [role=slider]");
    if (isRange && (key.startsWith("Arrow") || key === "Home" || key === "End") && !this.view.point) {
      if (!(event.target.id === "wipe" && event.shiftKey)) return;
    }
    if (undoes || this.#act(event)) event.preventDefault();
    if (undoes) this.undo();
  }

  #act(event) {
    const { key } = event, letter = key.length === 1 ? key.toLowerCase() : key;
    const everywhere = { z: () => this.undo(), "?": () => find("#help").showModal() };
    if (this.exporting) everywhere.e = () => this.export();
    if (everywhere[letter]) {
      everywhere[letter]();
      return true;
    }
    return this.shown === undefined ? this.#actInGrid(letter) : this.#actInPhoto(event, letter);
  }

  #actInPhoto(event, letter) {
    if (letter === "Escape") {
      if (!this.view.escape()) this.leave();
      return true;
    }
    if (this.view.key(event)) return true;
    if (letter === "ArrowLeft" || letter === "ArrowRight") {
      this.step(letter === "ArrowLeft" ? -1 : 1);
      return true;
    }
    return false;
  }

  #actInGrid(letter) {
    const { grid } = this, focused = grid.focused;
    const acts = {
      k: () => this.decide("keep"), r: () => this.decide("reject"), c: () => this.copy(),
      x: () => { if (focused !== undefined) grid.toggle(focused); },
      a: () => grid.select(grid.order, grid.selected.size < this.photos.size),
      0: () => { if (this.#targets.length) this.decisions.change(this.#targets, { strength: 100, peak: null, white: 203 }); },
    };
    const moves = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
    if (moves.includes(letter) && focused === undefined) {
      grid.focus(grid.current);
      return true;
    }
    acts[letter]?.();
    return letter in acts;
  }
}
