// The view of one photo: stage and panel, and what keys and buttons do there.

import { Panel } from "./panel.js";
import { Stage } from "./stage.js";
import { find, say } from "./dom.js";

const LOOKS = ["photo", "nits", "map", "clipped"];

export class PhotoView extends EventTarget {
  constructor(source, decisions, scale) {
    super();
    Object.assign(this, { source, decisions });
    this.stage = new Stage(find("#stage"), source, scale);
    this.panel = new Panel(this.stage, source);
    this.#screen();
    this.#listen();
  }

  async open(photo, place) {
    this.photo = photo;
    this.point = null;
    this.stage.showCross(null);
    find("#name").textContent = photo.name;
    find("#place").textContent = place;
    find("#stage-fault").hidden = true;
    find("#photo-view").classList.remove("faulty");
    find("#panel").classList.add("waiting");
    find("#download").removeAttribute("href"); // that of the photo before
    this.#verdict();
    const choice = this.decisions.of(photo.number);
    this.panel.choose(choice);
    try {
      const meaning = await this.stage.show(photo.number, choice);
      if (!meaning) return;
      this.panel.show(this.decisions.of(photo.number), meaning);
      find("#panel").classList.remove("waiting");
      this.#link();
      this.dispatchEvent(new CustomEvent("shown", { detail: meaning }));
    } catch (error) {
      if (this.photo !== photo) return;
      find("#stage-fault").textContent = `${photo.name}: ${error.message}`;
      find("#stage-fault").hidden = false;
      find("#photo-view").classList.add("faulty");
      find("#stage").removeAttribute("aria-busy");
    }
  }

  #listen() {
    const { stage, panel, decisions } = this;
    panel.addEventListener("choice", ({ detail: { values, final } }) => {
      stage.choose({ ...decisions.of(this.photo.number), ...values });
      if (final) decisions.change([this.photo.number], values);
    });
    decisions.addEventListener("change", ({ detail }) => {
      if (!this.photo || !detail.includes(this.photo.number)) return;
      const choice = decisions.of(this.photo.number);
      this.#verdict();
      stage.choose(choice);
      panel.choose(choice);
      if (!stage.meaning) return;
      panel.show(choice, stage.meaning);
      this.#link();
    });
    panel.addEventListener("seek", ({ detail }) => stage.seek(detail));
    stage.addEventListener("sought", () => {
      panel.moveTo(stage.meaning);
      this.#link();
      if (this.point) this.#probe(this.point);
    });
    stage.addEventListener("hover", ({ detail }) => { if (!this.point) this.#probe(detail); });
    stage.addEventListener("move", () => stage.showCross(this.point));
    stage.addEventListener("fault", ({ detail }) => say(detail, true));
    find("#reset").addEventListener("click", () => this.reset());
    find("#keep").addEventListener("click", () => this.decide("keep"));
    find("#reject").addEventListener("click", () => this.decide("reject"));
    find("#zoom-in").addEventListener("click", () => stage.zoom(1.5));
    find("#zoom-out").addEventListener("click", () => stage.zoom(1 / 1.5));
    find("#zoom-fit").addEventListener("click", () => stage.fit());
    find("#zoom-pixels").addEventListener("click", () => { stage.fit(); stage.zoomToPixels(); });
  }

  // What this screen and this browser can show, in words.
  #screen() {
    const query = matchMedia("(dynamic-range: high)");
    const limits = CSS.supports("dynamic-range-limit", "standard");
    const tell = () => {
      const { isReal } = this.stage;
      const real = limits ? "real light" : "real light; this browser has no dynamic-range-limit";
      find("#screen").textContent = isReal ? real : query.matches ? "simulated" : "simulated: this screen is SDR";
    };
    const meet = () => {
      this.stage.isHdr = query.matches && find("#real").checked;
      find("#real-choice").hidden = !query.matches;
      tell();
      if (this.stage.meaning) this.stage.setLook({});
    };
    query.addEventListener("change", meet);
    this.stage.addEventListener("drawn", tell);
    find("#real").addEventListener("change", meet);
    meet();
  }

  #verdict() {
    const { verdict } = this.decisions.of(this.photo.number);
    find("#keep").setAttribute("aria-pressed", verdict === "keep");
    find("#reject").setAttribute("aria-pressed", verdict === "reject");
  }

  #link() {
    if (!this.source.canExport) return;
    const { number } = this.photo;
    find("#download").href = this.source.fileAddress(number, this.stage.meaning, this.decisions.of(number), "jpeg");
  }

  decide(verdict) {
    if (!this.source.canKeep) return;
    const same = this.decisions.of(this.photo.number).verdict === verdict;
    this.decisions.change([this.photo.number], { verdict: same ? null : verdict });
    say(same ? "Undecided" : verdict === "keep" ? "Kept" : "Rejected");
  }

  reset() {
    this.panel.reset();
    say("Light as the model gives it");
  }

  // ---- the probe, one question at a time

  async #probe(point) {
    this.wanted = point;
    if (this.probing) return;
    this.probing = true;
    try {
      while (this.wanted) {
        const now = this.wanted;
        this.wanted = null;
        this.panel.showProbe(await this.stage.probe(...now));
      }
    } catch { /* the next movement asks again */ }
    this.probing = false;
  }

  async #movePoint(dx, dy, far) {
    const { width, height } = this.stage.meaning;
    const by = far ? Math.max(1, Math.round(Math.max(width, height) / 50)) : 1;
    const [x, y] = this.point;
    this.point = [Math.min(width - 0.5, Math.max(0.5, x + dx * by)), Math.min(height - 0.5, Math.max(0.5, y + dy * by))];
    this.stage.showCross(this.point);
    await this.#probe(this.point);
  }

  #togglePoint() {
    const { width, height } = this.stage.meaning;
    this.point = this.point ? null : [Math.floor(width / 2) + 0.5, Math.floor(height / 2) + 0.5];
    this.stage.showCross(this.point);
    if (this.point) {
      this.#probe(this.point).then(() => this.#tellPoint());
      say("Probe: arrow keys move it, Shift moves it by a pixel, P lets it go");
    } else this.panel.forgetProbe();
  }

  #tellPoint() {
    say(`${find("#before-nits").textContent} nits before, ${find("#after-nits").textContent} nits after`);
  }

  // Whether the key meant something here.
  key(event) {
    const { stage, panel } = this, { key, shiftKey } = event;
    const letter = key.length === 1 ? key.toLowerCase() : key;
    if (!stage.meaning && !["k", "r", "0"].includes(letter)) return false;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (key in arrows && this.point) {
      this.#movePoint(...arrows[key], !shiftKey).then(() => this.#tellPoint());
      return true;
    }
    if (key in arrows && stage.isZoomed && shiftKey) {
      stage.pan(...arrows[key].map(step => -80 * step));
      return true;
    }
    const acts = {
      k: () => this.decide("keep"), r: () => this.decide("reject"), 0: () => this.reset(),
      v: () => panel.setLook(LOOKS[(LOOKS.indexOf(stage.look.kind) + 1) % LOOKS.length]),
      "[": () => this.#strengthen(-5), "]": () => this.#strengthen(5),
      ",": () => panel.addExposure(-0.5), ".": () => panel.addExposure(0.5),
      "+": () => stage.zoom(1.5), "=": () => stage.zoom(1.5), "-": () => stage.zoom(1 / 1.5), f: () => stage.fit(),
      1: () => { stage.fit(); stage.zoomToPixels(); },
      p: () => this.#togglePoint(), t: () => { if (stage.meaning.film) find("#time").focus(); }, w: () => find("#wipe").focus(),
      b: () => stage.setWipe(stage.wipe < 1 ? 1 : 0),
    };
    const act = acts[letter];
    act?.();
    return Boolean(act);
  }

  #strengthen(percent) {
    const { strength } = this.panel;
    if (strength.input.disabled) return;
    strength.set(Number(strength.input.value) + percent);
    strength.input.dispatchEvent(new Event("change"));
  }

  // Escape lets the probe go first.
  escape() {
    if (!this.point) return false;
    this.#togglePoint();
    return true;
  }
}
