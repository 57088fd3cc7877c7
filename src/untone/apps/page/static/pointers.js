// Pointers and the handle of the wipe: dragging wipes, or pans where the photo is zoomed; two fingers and the wheel zoom.

const STEPS = { ArrowLeft: -0.02, ArrowRight: 0.02, PageUp: 0.1, PageDown: -0.1, Home: -1, End: 1 };

export function followPointers(stage) {
  const pointers = new Map();
  let spread = 0, moved = 0;
  const inside = event => {
    const { left, top } = stage.root.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const wipeTo = x => stage.setWipe((x - stage.span[0]) / (stage.span[1] - stage.span[0] || 1));
  stage.root.addEventListener("pointerdown", event => {
    if (event.button !== 0 || !stage.meaning || event.target.closest("button, p")) return;
    stage.root.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { at: inside(event), wipes: event.target === stage.handle || !stage.isZoomed });
    moved = spread = 0;
    stage.dispatchEvent(new CustomEvent("hover", { detail: stage.toPhoto(...inside(event)) })); // a finger moves nothing before
    if (event.target === stage.handle) stage.handle.focus({ preventScroll: true });
  });
  stage.root.addEventListener("pointermove", event => {
    const [x, y] = inside(event), held = pointers.get(event.pointerId);
    if (stage.meaning) stage.dispatchEvent(new CustomEvent("hover", { detail: stage.toPhoto(x, y) }));
    if (!held) return;
    const [dx, dy] = [x - held.at[0], y - held.at[1]];
    held.at = [x, y];
    moved += Math.abs(dx) + Math.abs(dy);
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()].map(p => p.at);
      const now = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (spread) stage.zoom(now / spread, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
      spread = now;
    } else if (moved > 3) {
      if (held.wipes) wipeTo(x);
      else stage.pan(dx, dy);
    }
  });
  for (const kind of ["pointerup", "pointercancel"])
    stage.root.addEventListener(kind, event => {
      pointers.delete(event.pointerId);
      spread = 0;
    });
  stage.root.addEventListener("dblclick", event => {
    if (stage.meaning && !event.target.closest("button, p")) stage.zoomToPixels(...inside(event));
  });
  stage.root.addEventListener("wheel", event => {
    event.preventDefault();
    stage.zoom(2 ** (-event.deltaY * (event.deltaMode ? 0.05 : 0.0025)), ...inside(event));
  }, { passive: false });
  stage.handle.addEventListener("keydown", event => {
    if (!(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    stage.setWipe(stage.wipe + STEPS[event.key] * (event.shiftKey ? 5 : 1));
  });
}
