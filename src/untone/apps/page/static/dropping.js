// Photos that are chosen for the page, and photos and folders of photos that are dropped on it.

import { find, say } from "./dom.js";

const PHOTO = /^[^.].*\.(jpe?g|png|webp|tiff?|heic|heif|avif|jxl|jxr|exr|hdr)$/i;

const promised = ask => new Promise((done, fail) => ask(done, fail));

// What in a folder has a photo's name, in folders within too.
async function photosIn(folder) {
  const found = [], reader = folder.createReader();
  for (let some; (some = await promised((done, fail) => reader.readEntries(done, fail))).length; )
    for (const entry of some) {
      if (entry.isDirectory) found.push(...await photosIn(entry));
      else if (PHOTO.test(entry.name)) found.push(await promised((done, fail) => entry.file(done, fail)));
    }
  return found;
}

async function filesOf({ items, files }) {
  const folders = [...items].map(item => item.webkitGetAsEntry?.()).filter(entry => entry?.isDirectory);
  const names = new Set(folders.map(({ name }) => name)), found = [...files].filter(({ name }) => !names.has(name));
  for (const folder of folders) found.push(...await photosIn(folder)); // asked for above, while the event lasted
  return found;
}

// `add(files)` takes what is chosen or dropped.
export function listenToFiles(add) {
  find("#files").addEventListener("change", event => add([...event.target.files]));
  const carries = event => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragover", event => {
    if (!carries(event)) return;
    event.preventDefault();
    find("#drop").hidden = false;
  });
  addEventListener("dragleave", event => { if (!event.relatedTarget) find("#drop").hidden = true; });
  addEventListener("drop", event => {
    find("#drop").hidden = true;
    if (!carries(event)) return;
    event.preventDefault();
    filesOf(event.dataTransfer).then(files => {
      if (files.length) add(files);
      else say("There are no photos in this folder", true);
    }, error => say(error.message, true));
  });
}
