// Beside the photo: sliders, figures, histogram and probe.

import { Histogram } from "./histogram.js";
import { fullHeadroom } from "./light.js";
import { find, later, make, nitsText, shareText, stopsText, timeText } from "./dom.js";
import { UNTOUCHED } from "./decisions.js";

const ORIGINS = {
  carried: "This photo brings its own gain map, which stays as it is.",
  rendered: "This photo is HDR already; before is an SDR rendition made for this page.",
  plain: "This file has no gain map: before and after are the same.",
};

const COUNT_MILLISECONDS = 100; // figures follow the picture, and do not hold it up
const SETTLE_MILLISECONDS = 250; // then those of the whole photo are asked for
const NO_LIMIT = 4000;
const MOST_PEAK = 3900;

export const EXPOSURES = { least: -4, most: 0, step: 0.25 };

// A labelled range with its value in words; `text` makes them.
function slider(root, id, label, { min, max, step, text, hint }) {
  const input = make("input", { type: "range", id, min, max, step });
  const output = make("output", { htmlFor: id, "aria-live": "off" }); // the slider itself says it
  const show = () => {
    output.textContent = text(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
    input.style.setProperty("--share", `${((input.value - input.min) / (input.max - input.min)) * 100}%`);
  };
  const words = make("label", { htmlFor: id }, label);
  if (hint) words.title = hint;
  root.append(make("div", { className: "slider" }, words, output, input));
  return { input, show, set: value => { input.value = value; show(); } };
}

const signed = (value, unit) => `${value < 0 ? "−" : value > 0 ? "+" : ""}${Math.abs(value)} ${unit}`;

export class Panel extends EventTarget {
  constructor(stage, source) {
    super();
    Object.assign(this, { stage, source });
    const light = find("#light-sliders"), look = find("#look-sliders");
    this.time = slider(find("#film"), "time", "Frame at", { min: 0, max: 1, step: "any", text: v => this.#timeText(v) });
    this.strength = slider(light, "strength", "Strength", { min: 0, max: 150, step: 1, text: v => `${v} %` });
    this.peak = slider(light, "peak-limit", "Peak", {
      min: 300, max: NO_LIMIT, step: 20, text: v => (v > MOST_PEAK ? "no limit" : `${v} nits`),
    });
    this.white = slider(light, "white", "SDR white", { min: 80, max: 500, step: 1, text: v => `${v} nits` });
    this.exposure = slider(look, "exposure", "Exposure", {
      min: EXPOSURES.least, max: EXPOSURES.most, step: EXPOSURES.step, text: v => signed(v, "EV"),
      hint: "Darkens both sides, so that an SDR screen shows what lies above white",
    });
    this.display = slider(look, "display", "Display headroom", {
      min: 0, max: 4, step: 0.1, text: v => (v >= Number(this.display?.input.max ?? 9) ? "all of it" : `${signed(v, "stops")}`),
      hint: "What a display with so much more light than SDR white shows",
    });
    this.histogram = new Histogram(find("#histogram"));
    this.#listen();
    this.settle = later(SETTLE_MILLISECONDS, () => this.#exactFigures());
    stage.addEventListener("drawn", later(COUNT_MILLISECONDS, () => this.#figures()));
  }

  #listen() {
    for (const name of ["strength", "peak", "white"]) {
      const { input, show } = this[name];
      input.addEventListener("input", () => { show(); this.#change(this.#values(name), false); });
      input.addEventListener("change", () => this.#change(this.#values(name), true));
    }
    this.time.input.addEventListener("input", () => {
      this.time.show();
      this.dispatchEvent(new CustomEvent("seek", { detail: Number(this.time.input.value) }));
    });
    this.exposure.input.addEventListener("input", () => {
      this.exposure.show();
      this.stage.setLook({ exposure: Number(this.exposure.input.value) });
    });
    this.display.input.addEventListener("input", () => {
      this.display.show();
      const value = Number(this.display.input.value);
      this.stage.setLook({ headroom: value >= Number(this.display.input.max) ? null : value });
    });
    find("#look").addEventListener("change", event => {
      this.stage.setLook({ kind: event.target.value });
      this.#legend();
    });
  }

  #change(values, final) {
    this.dispatchEvent(new CustomEvent("choice", { detail: { values, final } }));
  }

  // What the slider that is pulled changes, and no other: choices may have numbers that no slider has.
  #values(name) {
    const value = Number(this[name].input.value), { peak, white } = this.chosen;
    if (name === "peak") return { peak: value > MOST_PEAK ? null : Math.max(value, white) };
    return name === "white" && peak !== null && peak < value ? { white: value, peak: value } : { [name]: value };
  }

  // Sliders as a photo was chosen.
  choose(choice) {
    this.chosen = choice;
    this.strength.set(choice.strength);
    this.peak.set(choice.peak ?? NO_LIMIT);
    this.white.set(choice.white);
  }

  // A photo as it was chosen; those that bring their own map keep it.
  show(choice, meaning) {
    this.choose(choice);
    this.#fixed(meaning);
    const most = Math.max(1, Math.ceil(fullHeadroom(this.stage.numbers) * 10) / 10);
    this.display.input.max = most;
    this.display.set(this.stage.look.headroom ?? most);
    if (this.stage.look.headroom !== null && this.stage.look.headroom >= most) this.stage.look.headroom = null;
    this.exposure.set(this.stage.look.exposure);
    this.#film(meaning.film);
    this.forgetProbe();
  }

  #fixed({ origin }) {
    const fixed = origin !== "predicted";
    this.strength.input.disabled = this.peak.input.disabled = fixed;
    find("#fixed").hidden = !fixed;
    find("#fixed").textContent = ORIGINS[origin] ?? "";
  }

  // The slider of a film's moments, a step a frame.
  #film(film) {
    find("#film").hidden = !film;
    if (!film) return;
    this.seconds = film.seconds;
    const canSeek = this.source.canSeek && Boolean(film.seconds);
    Object.assign(this.time.input, { step: 1 / film.rate, max: Math.max(0, (film.seconds ?? film.at) - 1 / film.rate), disabled: !canSeek });
    this.time.set(film.at);
  }

  #timeText(at) {
    return this.seconds ? `${timeText(at, 2)} of ${timeText(this.seconds)}` : timeText(at, 2);
  }

  // Another frame of the film is shown: what is known of it.
  moveTo(meaning) {
    this.#fixed(meaning);
    this.forgetProbe();
  }

  setLook(kind) {
    const input = find(`#look input[value=${kind}]`);
    input.checked = true;
    this.stage.setLook({ kind });
    this.#legend();
  }

  setExposure(stops) {
    const { least, most } = EXPOSURES;
    this.exposure.set(Math.min(most, Math.max(least, stops)));
    this.stage.setLook({ exposure: Number(this.exposure.input.value) });
  }

  addExposure(stops) {
    this.setExposure(Number(this.exposure.input.value) + stops);
  }

  #legend() {
    const legend = find("#legend"), { kind } = this.stage.look;
    legend.hidden = kind === "photo";
    if (kind === "nits") {
      legend.replaceChildren(...this.stage.marks.map(([nits, rgb]) => {
        const mark = make("span", {}, nits >= 1000 ? `${nits / 1000}k` : `${nits}`);
        mark.style.setProperty("--mark", `rgb(${rgb.join()})`);
        return mark;
      }));
    } else if (kind === "map" && this.stage.numbers) {
      const { low, high } = this.stage.numbers;
      legend.textContent = `Right side: black is ${signed(Number(Math.min(...low).toFixed(2)), "stops")}, white ${signed(Number(Math.max(...high).toFixed(2)), "stops")}.`;
    } else {
      legend.textContent = "Amber: clipped in the photo (left); above SDR white, or above the simulated display (right).";
    }
  }

  #figures() {
    if (!this.stage.wholeView) return;
    const [before, after] = this.stage.counts();
    const { white } = this.stage.choice;
    this.histogram.draw(before, after, white);
    this.#light(after.peak, after.above);
    this.settle();
    find("#headroom").textContent = `${fullHeadroom(this.stage.numbers).toFixed(2)} stops`;
    if (this.stage.look.kind === "map") this.#legend();
    find("#advice").hidden = this.stage.isHdr || this.stage.look.kind !== "photo" || this.stage.look.exposure < 0;
  }

  #light(peak, above) {
    find("#peak").textContent = `${nitsText(peak)} nits`;
    find("#above").textContent = shareText(above);
  }

  // Those that the command line prints; a screen has fewer pixels than the photo.
  async #exactFigures() {
    const { number, meaning, choice, look } = this.stage;
    if (look.headroom !== null || !meaning) return;
    try {
      const found = await this.source.figures(number, meaning, choice);
      const same = this.stage.choice === choice && this.stage.meaning === meaning && look.headroom === null;
      if (found && same) this.#light(found.peak_nits, found.share_above_white);
    } catch { /* those of the screen stay */ }
  }

  forgetProbe() {
    find("#probe-title").textContent = "Point at the photo, or press P";
    for (const id of ["before-nits", "before-stops", "after-nits", "after-stops"]) find(`#${id}`).textContent = "–";
  }

  showProbe(found) {
    if (!found) return;
    find("#probe-title").textContent = `Pixel ${found.x}, ${found.y}; stops from SDR white`;
    for (const side of ["before", "after"]) {
      find(`#${side}-nits`).textContent = nitsText(found[side].nits);
      find(`#${side}-stops`).textContent = stopsText(found[side].stops);
    }
  }

  reset() {
    const { strength, peak, white } = UNTOUCHED;
    this.#change({ strength, peak, white }, true);
  }
}
