import { visible } from '../shown-text.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for any place in an HTML page, also in a quoted attribute. */
export function escapeHtml(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/** A folded block that opens without a script. `label` and `body` are HTML. */
export function folded(kind: string, label: string, body: string): string {
  return `<details class="${kind}"><summary>${label}</summary>${body}</details>\n`;
}

export function pre(text: string): string {
  return `<pre>${escapeHtml(text)}</pre>`;
}
