/** The words of a command line by the rules of a POSIX shell, nothing expanded; null if a quote is not closed. */
export function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (/[ \t\n]/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === '#' && word === null) {
      const end = text.indexOf('\n', at);
      if (end === -1) break;
      at = end;
    } else if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end === -1) return null;
      word = (word ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (char === '"') {
      const part = doubleQuoted(text, at + 1);
      if (part === null) return null;
      word = (word ?? '') + part.value;
      at = part.end;
    } else if (char === '\\') {
      at += 1;
      if (at >= text.length) return null;
      word = (word ?? '') + (text[at] === '\n' ? '' : text[at]);
    } else word = (word ?? '') + char;
  }
  if (word !== null) words.push(word);
  return words;
}

function doubleQuoted(text: string, start: number): { readonly value: string; readonly end: number } | null {
  let value = '';
  for (let at = start; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '"') return { value, end: at };
    const next = text[at + 1];
    if (char === '\\' && next !== undefined && /[$`"\\\n]/.test(next)) {
      value += next === '\n' ? '' : next;
      at += 1;
    } else value += char;
  }
  return null;
}

/** One line from which a shell reads the same words: each in the plainest quotes that fit. */
export function joinWords(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

const STYLES: readonly { readonly prefix: RegExp; readonly quote: (text: string) => string }[] = [
  { prefix: /^[A-Za-z0-9+\-./:@\]_]+/, quote: (text) => text },
  { prefix: /^(?:\^(?!$))?[^'\\^]*|^\^/, quote: (text) => `'${text}'` },
  { prefix: /^[^`$!^]*/, quote: (text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"` },
];

function quoted(word: string): string {
  if (word === '') return "''";
  if (/^[A-Za-z0-9+\-./:@\]_]+$/.test(word)) return word;
  let rest = word;
  let out = '';
  while (rest !== '') {
    let best = { length: 0, text: '' };
    for (const { prefix, quote } of STYLES) {
      const taken = prefix.exec(rest)?.[0] ?? '';
      if (taken.length > best.length) best = { length: taken.length, text: quote(taken) };
    }
    // A character that fits no style (none is known) is still kept.
    if (best.length === 0) best = { length: 1, text: `'${rest[0]}'` };
    out += best.text;
    rest = rest.slice(best.length);
  }
  return out;
}
