import type { Emitter, HLJSApi, LanguageFn } from 'highlight.js';
import { languageFile } from './languages.ts';
import { loadPackage } from './load.ts';
import type { Role, Row, Span, Style } from './row.ts';

/** More is shown without colours: it is no code that somebody reads. */
const MAX_CHARS = 40_000;
const MAX_LINE_CHARS = 2_000;

/** Scopes of highlight.js (its CSS classes) and the roles that show them; the longest prefix counts. */
const ROLES: Readonly<Record<string, Role>> = {
  keyword: 'keyword',
  built_in: 'type',
  type: 'type',
  'title.class': 'type',
  'title.function': 'function',
  title: 'function',
  section: 'heading',
  string: 'string',
  regexp: 'string',
  'meta.string': 'string',
  number: 'number',
  literal: 'number',
  symbol: 'number',
  comment: 'comment',
  doctag: 'comment',
  meta: 'muted',
  attr: 'function',
  attribute: 'function',
  tag: 'keyword',
  name: 'keyword',
  'selector-tag': 'keyword',
  'selector-class': 'type',
  'selector-id': 'type',
  addition: 'added',
  deletion: 'removed',
  link: 'link',
};

const STYLES = new Map<Role | null, Style>();

function styleOf(role: Role | null): Style {
  const known = STYLES.get(role);
  if (known) return known;
  const style: Style = role === null ? {} : { role };
  STYLES.set(role, style);
  return style;
}

/** Takes what highlight.js finds as spans: no HTML is made and read again. */
class SpanEmitter implements Emitter {
  readonly spans: Span[] = [];
  readonly #scopes: string[] = [];

  addText(text: string): void {
    if (text === '') return;
    const role = this.#scopes.map(roleOf).findLast((one) => one !== null) ?? null;
    this.spans.push({ text, style: styleOf(role) });
  }

  startScope(name: string): void {
    this.#scopes.push(name);
  }

  endScope(): void {
    this.#scopes.pop();
  }

  /** The older names of the same, which the highlighter still calls. */
  openNode(name: string): void {
    this.startScope(name);
  }

  closeNode(): void {
    this.endScope();
  }

  __addSublanguage(emitter: Emitter): void {
    if (emitter instanceof SpanEmitter) this.spans.push(...emitter.spans);
  }

  finalize(): void {
    this.#scopes.length = 0;
  }

  toHTML(): string {
    return '';
  }
}

function roleOf(scope: string): Role | null {
  const parts = scope.split('.');
  for (let length = parts.length; length > 0; length -= 1) {
    const role = ROLES[parts.slice(0, length).join('.')];
    if (role !== undefined) return role;
  }
  return null;
}

let highlighter: HLJSApi | null = null;
const registered = new Set<string>();

/** The highlighter with a language in it, both loaded when they are first needed; null: the language is unknown. */
function withLanguage(language: string): { readonly hljs: HLJSApi; readonly name: string } | null {
  const name = languageFile(language);
  if (name === null) return null;
  if (highlighter === null) {
    const core: unknown = loadPackage('highlight.js/lib/core');
    if (!isHighlighter(core)) return null;
    highlighter = core.newInstance();
    highlighter.configure({ __emitter: SpanEmitter });
  }
  if (!registered.has(name)) {
    const definition: unknown = loadPackage(`highlight.js/lib/languages/${name}`);
    if (!isLanguage(definition)) return null;
    highlighter.registerLanguage(name, definition);
    registered.add(name);
  }
  return { hljs: highlighter, name };
}

function isHighlighter(value: unknown): value is HLJSApi {
  return typeof value === 'object' && value !== null && 'newInstance' in value && 'registerLanguage' in value;
}

function isLanguage(value: unknown): value is LanguageFn {
  return typeof value === 'function';
}

/**
 * Lines of code as rows, one each, in colours. `before` are lines before them, which decide how they are read (an open comment,
 * for one). The texts have to be free of control characters.
 */
export function highlightLines(language: string, lines: readonly string[], before: readonly string[] = []): Row[] {
  const all = [...before, ...lines];
  const isTooMuch = all.reduce((sum, line) => sum + line.length, 0) > MAX_CHARS;
  const found = isTooMuch || all.some((line) => line.length > MAX_LINE_CHARS) ? null : withLanguage(language);
  if (!found) return lines.map((line) => (line === '' ? [] : [{ text: line, style: styleOf(null) }]));
  const { hljs, name } = found;
  const { _emitter: emitter } = hljs.highlight(all.join('\n'), { language: name, ignoreIllegals: true });
  return emitter instanceof SpanEmitter ? splitLines(emitter.spans).slice(before.length) : [];
}

function splitLines(spans: readonly Span[]): Row[] {
  const rows: Span[][] = [[]];
  for (const { text, style } of spans) {
    for (const [index, part] of text.split('\n').entries()) {
      if (index > 0) rows.push([]);
      if (part !== '') rows.at(-1)?.push({ text: part, style });
    }
  }
  return rows;
}
