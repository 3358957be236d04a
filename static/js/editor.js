// Turns textarea[data-editor=yaml] into CodeMirror when the page has loaded it; without it, it stays as it is.
function errors(area) {
  return JSON.parse(area.dataset.errors || "[]");
}

function diagnostics(view, found) {
  return found.filter((one) => one.line <= view.state.doc.lines).map((one) => {
    const line = view.state.doc.line(one.line);
    const from = Math.min(line.from + Math.max(0, one.column - 1), line.to);
    return {from, to: Math.max(from, line.to), severity: "error", message: one.message};
  });
}

function enhance(area) {
  const {EditorView, basicSetup, yaml, lintGutter, setDiagnostics, keymap, indentWithTab, HighlightStyle, syntaxHighlighting, tags} = CodeMirror;
  const colours = HighlightStyle.define([
    {tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--fc-progress-fg)"},
    {tag: [tags.string, tags.content], color: "inherit"},
    {tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--fc-paused-fg)"},
    {tag: tags.comment, color: "var(--fc-muted)", fontStyle: "italic"},
  ]);
  const holder = document.createElement("div");
  holder.className = "fc-editor";
  const label = area.labels?.[0]?.textContent.trim() || area.getAttribute("aria-label") || "YAML";
  const view = new EditorView({
    parent: holder,
    doc: area.value,
    extensions: [
      EditorView.cspNonce.of(document.querySelector("script[nonce]")?.nonce || ""),
      basicSetup, yaml(), lintGutter(), syntaxHighlighting(colours), keymap.of([indentWithTab]),
      EditorView.contentAttributes.of({"aria-label": label}),
      EditorView.editable.of(!area.readOnly),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        area.value = view.state.doc.toString();
        area.dispatchEvent(new Event("input", {bubbles: true}));
      }),
    ],
  });
  area.after(holder);
  area.hidden = true;
  area.addEventListener("change", () => {
    if (area.value !== view.state.doc.toString()) {
      view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: area.value}});
    }
  });
  view.dispatch(setDiagnostics(view.state, diagnostics(view, errors(area))));
}

function enhanceAll(root) {
  if (!window.CodeMirror) return;
  for (const area of root.querySelectorAll("textarea[data-editor=yaml]:not([hidden])")) enhance(area);
}

enhanceAll(document);
document.addEventListener("htmx:load", (event) => enhanceAll(event.detail.elt.parentElement || document));
