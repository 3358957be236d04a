// The part of CodeMirror 6 that the console uses, under one global name.
import {basicSetup} from "codemirror";
import {EditorView, keymap} from "@codemirror/view";
import {EditorState, Compartment} from "@codemirror/state";
import {indentWithTab} from "@codemirror/commands";
import {yaml} from "@codemirror/lang-yaml";
import {lintGutter, setDiagnostics} from "@codemirror/lint";
import {HighlightStyle, syntaxHighlighting} from "@codemirror/language";
import {tags} from "@lezer/highlight";
import {MergeView, unifiedMergeView} from "@codemirror/merge";

export {basicSetup, Compartment, EditorState, EditorView, HighlightStyle, MergeView, indentWithTab, keymap,
  lintGutter, setDiagnostics, syntaxHighlighting, tags, unifiedMergeView, yaml};
