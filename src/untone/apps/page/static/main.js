// The served page.

import { start } from "./app.js";
import { ServerSource } from "./server.js";
import { say } from "./dom.js";

start(new ServerSource()).catch(error => say(error.message, true));
