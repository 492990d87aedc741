// Mouse, finger, pen and keys on the plot. A finger that sets out sideways drags a box; up or down it scrolls the page,
// which the browser says with `pointercancel` (touch-action: pan-y), as it does when a second finger comes to zoom.
const LEAST_DRAG = 5;  // pixels; less is a click

function listenToPlot(box, plot, asked) {
  let drag = null, hasDragged = false;
  const placeOf = (event) => { const { left, top } = box.getBoundingClientRect(); return [event.clientX - left, event.clientY - top]; };
  const end = (before) => {
    const moved = drag?.moved;
    drag = null;
    hasDragged = Boolean(moved);
    if (moved) asked.brushed(before);
  };

  box.addEventListener("pointerdown", (event) => {
    if (event.button || !event.isPrimary) return;
    drag = { from: placeOf(event), moved: false, before: asked.ranges() };
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    const at = placeOf(event);
    if (!drag) { asked.point(plot.find(...at), ...at); return; }
    if (!event.isPrimary || (!drag.moved && Math.hypot(at[0] - drag.from[0], at[1] - drag.from[1]) < LEAST_DRAG)) return;
    drag.moved = true;
    asked.point(null);
    asked.brush(drag.from, at);
  });
  box.addEventListener("pointerup", () => end(null));
  box.addEventListener("pointercancel", () => end(drag?.before));
  box.addEventListener("pointerleave", () => { if (!drag) asked.point(null); });
  box.addEventListener("click", (event) => {
    const i = plot.find(...placeOf(event));
    if (i !== null && event.detail === 1 && !hasDragged) asked.pin(i);  // the end of a drag is a click as well
  });
  box.addEventListener("dblclick", asked.clear);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { asked.point(null); asked.clear(); return; }
    const by = { ArrowRight: -1, ArrowUp: -1, ArrowLeft: 1, ArrowDown: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    asked.step(by);
  });
}
