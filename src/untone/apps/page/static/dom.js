// Elements, and words for numbers.

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const find = selector => document.querySelector(selector);

let quiet;

// One line that appears for a while, and that a screen reader says.
export function say(text, isFault = false) {
  const place = find("#status");
  place.textContent = text;
  place.classList.toggle("fault", isFault);
  place.classList.add("shown");
  clearTimeout(quiet);
  quiet = setTimeout(() => place.classList.remove("shown"), isFault ? 9000 : 3500);
}

export function nitsText(nits) {
  return nits >= 100 ? `${Math.round(nits)}` : nits >= 10 ? nits.toFixed(1) : nits.toFixed(2);
}

export function stopsText(stops) {
  if (!Number.isFinite(stops)) return "no light";
  return `${stops < 0 ? "−" : "+"}${Math.abs(stops).toFixed(2)}`;
}

export function shareText(share) {
  const percent = share * 100;
  return percent > 0 && percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

// Minutes and seconds.
export function timeText(seconds, digits = 0) {
  const unit = 10 ** digits, all = Math.round(seconds * unit) / unit;
  return `${Math.floor(all / 60)}:${(all % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0")}`;
}

export function later(milliseconds, act) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), milliseconds);
  };
}
