// The dialog that writes files: which photos, as what, and how far it is.

import { find, make, say } from "./dom.js";

const POLL_MILLISECONDS = 250;

export class ExportDialog {
  constructor(source, groups) {
    Object.assign(this, { source, groups, dialog: find("#export") });
    find("#export-start").addEventListener("click", () => this.#start(null));
    find("#export-skip").addEventListener("click", () => this.#start("skip"));
    find("#export-replace").addEventListener("click", () => this.#start("replace"));
    find("#export-stop").addEventListener("click", () => source.stopExport(this.job).catch(() => {})); // whoever watches it says more;
    this.dialog.addEventListener("change", () => this.#state("ready"));
    this.dialog.addEventListener("keydown", event => {
      if (event.key !== "Enter" || !event.target.matches("input")) return;
      event.preventDefault(); // a form's Enter presses its first button, which closes it
      find("#export-start:not([hidden])")?.click();
    });
  }

  // `first` is the group that is marked when the dialog opens.
  open(first) {
    if (!this.job) {
      const choices = this.groups().filter(({ photos }) => photos.length);
      if (!choices.length) {
        say("There is nothing to export: every photo is rejected.", true);
        return;
      }
      const marked = choices.find(({ name }) => name === first) ?? choices[0];
      find("#export-which").replaceChildren(...choices.map(group => {
        const input = make("input", { type: "radio", name: "which", value: group.name, checked: group === marked });
        return make("label", {}, input, make("span", {}, group.words));
      }));
      this.choices = choices;
      this.#state("ready");
    }
    this.dialog.showModal();
  }

  #state(state) {
    const shown = {
      ready: ["#export-start"], asking: ["#export-skip", "#export-replace", "#export-exists"],
      busy: ["#export-progress", "#export-stop"], done: ["#export-progress"],
    }[state];
    for (const id of ["#export-start", "#export-skip", "#export-replace", "#export-exists", "#export-progress", "#export-stop"])
      find(id).hidden = !shown.includes(id);
    for (const input of this.dialog.querySelectorAll("input")) input.disabled = state === "busy";
  }

  async #start(existing) {
    if (this.starting) return;
    this.starting = true;
    const which = this.dialog.querySelector("[name=which]:checked").value;
    const kind = this.dialog.querySelector("[name=kind]:checked").value;
    const { photos } = this.choices.find(({ name }) => name === which);
    try {
      const answer = await this.source.startExport(photos, kind, existing);
      if (answer.exist) this.#ask(answer.exist);
      else {
        this.job = answer.export;
        this.#state("busy");
        find("#export-stop").focus();
        await this.#watch();
      }
    } catch (error) {
      this.#state("ready");
      find("#export-exists").replaceChildren(make("p", { className: "fault" }, error.message)); // the page's own line is behind the dialog
      find("#export-exists").hidden = false;
    }
    this.job = this.starting = null;
  }

  #ask(names) {
    const few = names.slice(0, 4).map(name => make("li", {}, name));
    if (names.length > 4) few.push(make("li", {}, `and ${names.length - 4} more`));
    find("#export-exists").replaceChildren(
      make("p", {}, names.length === 1 ? "This file exists:" : `${names.length} of these files exist:`), make("ul", {}, ...few));
    this.#state("asking");
    find("#export-skip").focus();
  }

  async #watch() {
    const started = performance.now();
    for (;;) {
      const job = await this.source.progress(this.job);
      find("#bar").max = job.total;
      find("#bar").value = job.done;
      const left = job.done ? ((performance.now() - started) / job.done) * (job.total - job.done) : 0;
      find("#export-words").textContent = job.finished ? summary(job)
        : `${job.done} of ${job.total}${job.done ? `, about ${Math.ceil(left / 1000)} s left` : ""}`;
      if (job.finished) {
        find("#export-words").append(...details(job));
        this.#state("done");
        find("#export-close").focus();
        say(summary(job), job.failed.length > 0);
        return;
      }
      await new Promise(done => setTimeout(done, POLL_MILLISECONDS));
    }
  }
}

function summary({ written, skipped, failed, total, done }) {
  const words = [`${written.length} written`];
  if (skipped.length) words.push(`${skipped.length} left alone`);
  if (failed.length) words.push(`${failed.length} failed`);
  if (done < total) words.push(`${total - done} not begun`);
  return words.join(", ");
}

function details({ written, skipped, failed }) {
  const lines = [...failed, ...skipped, ...written];
  return lines.length ? [make("ul", { className: "lines" }, ...lines.slice(0, 200).map(line => make("li", {}, line)))] : [];
}
