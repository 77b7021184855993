import type { Row } from '../text/index.ts';
import { textRows } from '../transcript/index.ts';

export function streamedRows(text: string, width: number): { readonly final: Row[]; readonly rest: Row[] } {
  const at = text.lastIndexOf('\n') + 1;
  return {
    final: at === 0 ? [] : textRows(text.slice(0, at - 1), width),
    rest: at === text.length ? [] : textRows(text.slice(at), width),
  };
}
