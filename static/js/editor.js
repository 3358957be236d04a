// Turns textarea[data-editor=yaml] into CodeMirror. The text is always in the textarea as well: without
// this script, and when a form is sent. The editor lives in a shadow root, where its styles may be adopted
// under a policy that allows no inline ones.
const BUNDLE = "../vendor/codemirror/codemirror.min.js";
const AREAS = "textarea[data-editor=yaml]:not([data-enhanced])", DIFFS = "[data-editor-diff]:not([data-enhanced])";

const line = "var(--fc-line)", muted = "var(--fc-muted)", soft = "var(--fc-accent-soft)";
const LOOK = {
  "&": { color: "var(--fc-text)", backgroundColor: "var(--fc-surface)", fontSize: "13px", maxHeight: "65vh" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--fc-mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--fc-text)" },
  ".cm-cursor": { borderLeftColor: "var(--fc-text)" },
  ".cm-gutters": { backgroundColor: "var(--fc-sunken)", color: muted, borderRight: `1px solid ${line}` },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--fc-accent) 8%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--fc-accent) 30%, transparent)",
  },
  ".cm-panels, .cm-tooltip": { backgroundColor: "var(--fc-raised)", color: "var(--fc-text)", borderColor: line },
  ".cm-panel input, .cm-panel button": {
    backgroundColor: "var(--fc-surface)", backgroundImage: "none", color: "var(--fc-text)", border: `1px solid ${line}`, borderRadius: "5px",
  },
  ".cm-searchMatch": { backgroundColor: "var(--fc-warn-bg)", outline: "1px solid var(--fc-warn-fg)" },
  ".cm-selectionMatch, .cm-matchingBracket": { backgroundColor: `${soft} !important` },
  ".cm-foldPlaceholder": { backgroundColor: soft, borderColor: line, color: muted },
  ".cm-diagnostic-error": { borderLeftColor: "var(--fc-error-fg)" },
  ".cm-insertedLine, .cm-changedLine": { backgroundColor: "var(--fc-ok-bg) !important" },
  ".cm-deletedChunk": { backgroundColor: "var(--fc-error-bg) !important" },
};

const ROOMY = { ".cm-content, .cm-gutter": { minHeight: "18rem" } };

function colours({ HighlightStyle, tags }) {
  return HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--fc-progress-fg)" },
    { tag: [tags.string, tags.content], color: "var(--fc-text)" },
    { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--fc-paused-fg)" },
    { tag: [tags.punctuation, tags.separator, tags.meta], color: muted },
    { tag: tags.comment, color: muted, fontStyle: "italic" },
  ]);
}

function basics(code, label, readOnly) {
  return [
    code.basicSetup, code.yaml(), code.EditorView.theme(LOOK), code.syntaxHighlighting(colours(code)),
    code.EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
    code.EditorState.readOnly.of(readOnly),
  ];
}

function mount(code, holder, doc, extensions) {
  holder.className = "fc-editor";
  const root = holder.attachShadow({ mode: "open" });
  return new code.EditorView({ doc, extensions, parent: root, root });
}

function diagnostics(doc, found) {
  return found.map((one) => {
    const at = doc.line(Math.min(Math.max(1, one.line || 1), doc.lines)); // the end may be past the last line
    const from = Math.min(at.from + Math.max(0, (one.column || 1) - 1), at.to);
    return { from, to: Math.max(from, at.to), severity: "error", message: one.message };
  });
}

function enhance(code, area) {
  area.dataset.enhanced = "";
  const label = area.labels?.[0]?.textContent.trim() || area.getAttribute("aria-label") || "YAML";
  const written = code.EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    area.value = update.state.doc.toString();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const holder = document.createElement("div");
  const view = mount(code, holder, area.value, [
    ...basics(code, label, area.readOnly), code.EditorView.theme(ROOMY), code.lintGutter(), code.keymap.of([code.indentWithTab]), written,
  ]);
  area.after(holder);
  area.hidden = true;
  area.required = false; // a hidden field cannot show what it misses: the server does
  area.labels?.[0]?.addEventListener("click", () => view.focus());
  // A file was read into the textarea.
  area.addEventListener("change", () => {
    if (area.value !== view.state.doc.toString()) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: area.value } });
    }
  });
  mark(code, view, JSON.parse(area.dataset.errors || "[]"));
}

function mark(code, view, errors) {
  const found = diagnostics(view.state.doc, errors);
  if (!found.length) return;
  view.dispatch(code.setDiagnostics(view.state, found));
  view.dispatch({ selection: { anchor: found[0].from }, effects: code.EditorView.scrollIntoView(found[0].from, { y: "center" }) });
}

// <div data-editor-diff> with [data-before] and [data-after]: one view, with what changed.
function compare(code, box) {
  box.dataset.enhanced = "";
  const before = box.querySelector("[data-before]"), after = box.querySelector("[data-after]");
  const merge = code.unifiedMergeView({
    original: before.textContent, mergeControls: false, collapseUnchanged: { margin: 3, minSize: 6 },
  });
  const holder = document.createElement("div");
  mount(code, holder, after.textContent, [...basics(code, box.getAttribute("aria-label") || "YAML", true), merge]);
  before.hidden = after.hidden = true;
  box.append(holder);
}

async function enhanceAll() {
  if (!document.querySelector(`${AREAS}, ${DIFFS}`)) return;
  const code = await import(BUNDLE);
  for (const area of document.querySelectorAll(AREAS)) enhance(code, area);
  for (const box of document.querySelectorAll(DIFFS)) compare(code, box);
}

enhanceAll();
document.addEventListener("htmx:load", enhanceAll);
