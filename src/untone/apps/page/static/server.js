// Photos as the server of this page gives them. The address of the page carries the token, so all paths are relative.

async function asked(path, options = {}) {
  const answer = await fetch(path, options).catch(error => {
    throw error.name === "AbortError" ? error : new Error("untone view does not answer; was it stopped?");
  });
  if (answer.ok || answer.status === 409) return answer;
  let fault = `the server says ${answer.status}`;
  try {
    fault = (await answer.json()).fault || fault;
  } catch { /* it was no JSON */ }
  throw new Error(fault);
}

const query = values => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null));

const numbersOf = choice => ({ strength: choice.strength, peak: choice.peak, white: choice.white });

const momentOf = ({ film }) => film?.asked ?? null;

const json = value => ({ body: JSON.stringify(value), headers: { "content-type": "application/json" } });

export class ServerSource {
  canExport = true;
  canKeep = true;
  canSeek = true;

  async state() {
    return (await asked("state")).json();
  }

  // `at` is the moment of a film, in seconds; null leaves it to the server.
  async meaning(number, at = null) {
    return (await asked(`photos/${number}?${query({ at })}`)).json();
  }

  // Peak and share above white of the whole photo, where the page has only the pixels of its screen.
  async figures(number, meaning, choice) {
    return (await asked(`photos/${number}?${query({ ...numbersOf(choice), at: momentOf(meaning) })}`)).json();
  }

  async view(number, meaning, box, size, signal) {
    const [left, top, right, bottom] = box, [width, height] = size;
    const answer = await asked(`photos/${number}/view?${query({ left, top, right, bottom, width, height, at: momentOf(meaning) })}`, { signal });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const pixels = width * height;
    return { base: bytes.subarray(0, pixels * 3), map: bytes.subarray(pixels * 3), width, height, box };
  }

  async pixel(number, meaning, x, y) {
    return (await asked(`photos/${number}/pixel?${query({ x, y, at: momentOf(meaning) })}`)).json();
  }

  // Tiles as they are made: `photos` are pairs of number and choice.
  async *tiles(photos, look, signal) {
    const body = { photos: photos.map(([number, choice]) => [number, numbersOf(choice)]), look };
    const answer = await asked("tiles", { method: "POST", signal, ...json(body) });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader(); // Safari's streams have no iterator
    let begun = "";
    for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
      const lines = (begun + value).split("\n");
      begun = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  }

  fileAddress(number, meaning, choice, kind) {
    return `photos/${number}/file?${query({ ...numbersOf(choice), kind, at: momentOf(meaning) })}`;
  }

  async choose(changes) {
    return (await asked("choices", { method: "PUT", ...json({ changes }) })).json();
  }

  async upload(file) {
    return (await asked(`uploads?${query({ name: file.name })}`, { method: "POST", body: file })).json();
  }

  async startExport(photos, kind, existing) {
    return (await asked("exports", { method: "POST", ...json({ photos, kind, existing }) })).json();
  }

  async progress(job) {
    return (await asked(`exports/${job}`)).json();
  }

  async stopExport(job) {
    return (await asked(`exports/${job}`, { method: "DELETE" })).json();
  }
}
