// What was chosen of each photo, with a way back.

export const UNTOUCHED = Object.freeze({ strength: 100, peak: null, white: 203, verdict: null });
const MOST_UNDONE = 200;

export class Decisions extends EventTarget {
  #held = new Map();
  #past = [];
  #keep;

  // `keep(changes)` takes what changes of choices, by number, to where they last.
  constructor(choices, keep) {
    super();
    this.#keep = keep;
    for (const [number, choice] of Object.entries(choices)) this.#held.set(Number(number), { ...UNTOUCHED, ...choice });
  }

  of(number) {
    return this.#held.get(number) ?? UNTOUCHED;
  }

  isTouched(number) {
    const choice = this.of(number);
    return Object.keys(UNTOUCHED).some(key => choice[key] !== UNTOUCHED[key]);
  }

  // Change some keys of some photos: one step for undo.
  change(numbers, values) {
    const before = new Map(), after = new Map();
    for (const number of numbers) {
      const was = this.of(number), keys = Object.keys(values).filter(key => was[key] !== values[key]);
      if (!keys.length) continue;
      before.set(number, Object.fromEntries(keys.map(key => [key, was[key]])));
      after.set(number, Object.fromEntries(keys.map(key => [key, values[key]])));
    }
    if (!after.size) return;
    this.#past.push(before);
    if (this.#past.length > MOST_UNDONE) this.#past.shift();
    this.#put(after);
  }

  // The last step taken back; the numbers of its photos.
  undo() {
    const before = this.#past.pop();
    if (!before) return [];
    this.#put(before);
    return [...before.keys()];
  }

  // Choices by number as somebody else has left them, of all photos.
  learn(choices) {
    const same = (one, other) => Object.keys(UNTOUCHED).every(key => one[key] === other[key]);
    const numbers = new Set([...this.#held.keys(), ...Object.keys(choices).map(Number)]);
    const changed = [...numbers].filter(number => !same(this.of(number), { ...UNTOUCHED, ...choices[number] }));
    for (const number of changed) this.#held.set(number, { ...UNTOUCHED, ...choices[number] });
    if (changed.length) this.dispatchEvent(new CustomEvent("change", { detail: changed }));
  }

  #put(changes) {
    for (const [number, given] of changes) this.#held.set(number, { ...this.of(number), ...given });
    this.dispatchEvent(new CustomEvent("change", { detail: [...changes.keys()] }));
    this.#keep(Object.fromEntries(changes));
  }
}
