// Pixels by luminance, before and after, over nits.

import { BINS, BRIGHTEST_NITS, DARKEST_NITS } from "./light.js";
import { nitsText, shareText } from "./dom.js";

const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 280, HEIGHT = 66;
const MARKS = [1, 10, 100, 1000];

const shape = (tag, attributes) => {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

const place = nits => {
  const first = Math.log10(DARKEST_NITS);
  return (WIDTH * (Math.log10(nits) - first)) / (Math.log10(BRIGHTEST_NITS) - first);
};

export class Histogram {
  constructor(root) {
    this.svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + 22}`, role: "img", class: "histogram" });
    this.before = shape("path", { class: "before" });
    this.after = shape("path", { class: "after" });
    this.white = shape("line", { class: "white", y1: 0, y2: HEIGHT });
    this.svg.append(this.after, this.before, this.white);
    for (const nits of MARKS) {
      const text = shape("text", { x: place(nits), y: HEIGHT + 17, "text-anchor": "middle" });
      text.textContent = nits;
      this.svg.append(shape("line", { x1: place(nits), x2: place(nits), y1: HEIGHT, y2: HEIGHT + 4 }), text);
    }
    root.append(this.svg);
  }

  draw(before, after, white) {
    const most = Math.sqrt(Math.max(...before.counts, ...after.counts)) || 1;
    this.before.setAttribute("d", outline(before.counts, most));
    this.after.setAttribute("d", outline(after.counts, most));
    this.white.setAttribute("x1", place(white));
    this.white.setAttribute("x2", place(white));
    const words = `Histogram in nits. Before reaches ${nitsText(before.peak)} nits, after ${nitsText(after.peak)} nits; `;
    this.svg.setAttribute("aria-label", `${words}${shareText(after.above)} of the photo lies above SDR white.`);
  }
}

function outline(counts, most) {
  const wide = WIDTH / BINS;
  const tops = Array.from(counts, (share, i) => {
    const y = (HEIGHT * (1 - Math.sqrt(share) / most)).toFixed(1);
    return `L${(i * wide).toFixed(1)} ${y}L${((i + 1) * wide).toFixed(1)} ${y}`;
  });
  return `M0 ${HEIGHT}${tops.join("")}L${WIDTH} ${HEIGHT}Z`;
}
