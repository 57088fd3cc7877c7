// The page as one file.

import { EmbeddedSource } from "./embedded.js";
import { start } from "./app.js";
import { find, say } from "./dom.js";

const source = new EmbeddedSource();
start(source).then(app => {
  if (app.photos.size === 1 && location.hash === "") location.replace(`#${[...app.photos.keys()][0]}`);
  find("#back").hidden = app.photos.size === 1;
}).catch(error => say(error.message, true));
