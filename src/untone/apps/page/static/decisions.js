// What was chosen of each photo, with a way back.

export const UNTOUCHED = Object.freeze({ strength: 100, peak: null, white: 203, verdict: null });
const MOST_UNDONE = 200;

export class Decisions extends EventTarget {
  #held = new Map();
  #past = [];
  #keep;

  // `keep(changes)` takes choices by number to where they last.
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
    const before = new Map(numbers.map(number => [number, this.of(number)]));
    const after = new Map(numbers.map(number => [number, { ...this.of(number), ...values }]));
    const same = numbers.every(number => Object.keys(values).every(key => before.get(number)[key] === values[key]));
    if (same) return;
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

  #put(choices) {
    for (const [number, choice] of choices) this.#held.set(number, choice);
    this.dispatchEvent(new CustomEvent("change", { detail: [...choices.keys()] }));
    this.#keep(Object.fromEntries(choices));
  }
}
