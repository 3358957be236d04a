// Keeps the focus where it was when the element that has it is replaced by a newer one.
const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

// Where the focus is: the id of the element, or its place in the nearest ancestor that has one.
export function remember() {
  const element = document.activeElement;
  const owner = element?.closest("#live-content [id]");
  if (!owner) return null;
  return { id: owner.id, index: owner === element ? -1 : [...owner.querySelectorAll(FOCUSABLE)].indexOf(element) };
}

export function restore(place) {
  if (!place || (document.activeElement && document.activeElement !== document.body)) return;
  const owner = document.getElementById(place.id);
  const target = place.index < 0 ? owner : owner?.querySelectorAll(FOCUSABLE)[place.index];
  target?.focus({ preventScroll: true });
}
