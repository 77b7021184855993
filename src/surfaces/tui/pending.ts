import { type Row, span } from './text/index.ts';
export function fuzzyMatch(query: string, text: string): { score: number } | null {
  const at = text.toLowerCase().indexOf(query.toLowerCase());
  return at === -1 ? null : { score: at };
}
export function diffRows(
  diff: string,
  o: { width: number; form: 'added' | 'deleted' | 'unified'; path: string },
): Row[] {
  return diff
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const text = o.form === 'added' ? `+${line}` : o.form === 'deleted' ? `-${line}` : line;
      return [
        span(
          text.slice(0, o.width),
          text.startsWith('+') ? { role: 'added' } : text.startsWith('-') ? { role: 'removed' } : {},
        ),
      ];
    });
}

import type { InputEvent } from './terminal/index.ts';

const names: Record<string, string> = { A: 'up', B: 'down', C: 'right', D: 'left', H: 'home', F: 'end' };
const key = (k: string, ctrl = false, alt = false, shift = false): InputEvent => ({
  type: 'key',
  key: k,
  ctrl,
  alt,
  shift,
  super: false,
  isRepeat: false,
});
export class InputDecoder {
  decode(chunk: string): InputEvent[] {
    const out: InputEvent[] = [];
    const re =
      /\u001b\[200~([\s\S]*?)\u001b\[201~|\u001b\[([ABCDHF])|\u001b\[([56])~|\u001b\[Z|\u001b\[[IO]|\u001b\r|\u001b(?=$|\u001b)|[\r\n\t\u007f]|[\u0001-\u001a]|[^\u0000-\u001f\u007f]+/g;
    for (const m of chunk.matchAll(re)) {
      const s = m[0];
      if (m[1] !== undefined) out.push({ type: 'paste', text: m[1] });
      else if (m[2]) out.push(key(names[m[2]] ?? 'up'));
      else if (m[3]) out.push(key(m[3] === '5' ? 'pageup' : 'pagedown'));
      else if (s === '\u001b[Z') out.push(key('tab', false, false, true));
      else if (s === '\u001b[I' || s === '\u001b[O') out.push({ type: 'focus', isFocused: s.endsWith('I') });
      else if (s === '\u001b\r') out.push(key('enter', false, true));
      else if (s === '\u001b') out.push(key('escape'));
      else if (s === '\r') out.push(key('enter'));
      else if (s === '\n') out.push(key('j', true));
      else if (s === '\t') out.push(key('tab'));
      else if (s === '\u007f') out.push(key('backspace'));
      else if (s < ' ') out.push(key(String.fromCharCode(s.charCodeAt(0) + 96), true));
      else out.push({ type: 'text', text: s });
    }
    return out;
  }
}
