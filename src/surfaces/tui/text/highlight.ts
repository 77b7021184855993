import type { Row } from './row.ts';

export function highlightLines(_language: string, lines: readonly string[], _before: readonly string[]): Row[] {
  return lines.map((line) => (line === '' ? [] : [{ text: line, style: {} }]));
}
