// The page as one file.

import { EmbeddedSource } from "./embedded.js";
import { start } from "./app.js";
import { find, make, say } from "./dom.js";

// The photo at exposures, and what the file says of itself.
function tell(app, { strip, report, whole, meaning }) {
  const pictures = strip.map(([stops, data]) => {
    const picture = make("img", { alt: "", src: `data:image/jpeg;base64,${data}` });
    const button = make("button", { type: "button", "aria-label": `Exposure ${stops} EV` }, picture, `${stops} EV`.replace("-", "−"));
    button.addEventListener("click", () => app.view.panel.setExposure(stops));
    return button;
  });
  const words = `Shown here at ${meaning.width} x ${meaning.height} pixels; the photo has ${whole[0]} x ${whole[1]}.`;
  find("#report").replaceChildren(make("h3", {}, "After, at exposures"), make("div", { className: "strip" }, ...pictures),
    make("p", { className: "hint" }, words), ...(report ? [make("div", { className: "report" }, ...report.trimEnd().split("\n").map(line => make("p", {}, line)))] : []));
  find("#report").hidden = false;
}

const source = new EmbeddedSource();
start(source).then(app => {
  if (app.photos.size === 1 && location.hash === "") location.replace(`#${[...app.photos.keys()][0]}`);
  for (const id of ["#back", "#previous", "#next", "#place"]) find(id).hidden = app.photos.size === 1;
  app.view.addEventListener("shown", async () => tell(app, await source.extras(app.shown)));
}).catch(error => say(error.message, true));
