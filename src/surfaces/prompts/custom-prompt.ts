/** A prompt with its arguments filled in, or what is wrong with them. */
export type FilledPrompt =
  | { readonly type: 'filled'; readonly text: string }
  | { readonly type: 'fault'; readonly reason: string };

const NAMED = /(?<!\$)\$([A-Z][A-Z0-9_]*)/g;

/** Fills `$1` to `$9`, `$ARGUMENTS` or `$NAME` with the words that follow a prompt's name. What is filled in is not read again. */
export function filledPrompt(name: string, body: string, argument: string): FilledPrompt {
  const words = shellWords(argument);
  if (words === null) return { type: 'fault', reason: `/prompts:${name}: a quote is not closed` };
  const names = placeholders(body);
  return names.length > 0
    ? withNames({ name, body, words, names })
    : { type: 'filled', text: withNumbers(body, words) };
}

/** The names that a prompt wants to have filled in. */
function placeholders(body: string): readonly string[] {
  const found = [...body.matchAll(NAMED)].map(([, name = '']) => name);
  return [...new Set(found)].filter((name) => name !== 'ARGUMENTS');
}

interface NamedPrompt {
  readonly name: string;
  readonly body: string;
  readonly words: readonly string[];
  readonly names: readonly string[];
}

function withNames({ name, body, words, names }: NamedPrompt): FilledPrompt {
  const values = new Map<string, string>();
  for (const word of words) {
    const at = word.indexOf('=');
    if (at <= 0) return { type: 'fault', reason: `/prompts:${name}: "${word}" is not of the form KEY=value` };
    values.set(word.slice(0, at), word.slice(at + 1));
  }
  const missing = names.filter((key) => !values.has(key));
  if (missing.length > 0) return { type: 'fault', reason: `/prompts:${name} needs ${missing.join(', ')}` };
  return { type: 'filled', text: body.replaceAll(NAMED, (whole, key: string) => values.get(key) ?? whole) };
}

function withNumbers(body: string, words: readonly string[]): string {
  return body.replaceAll(/\$(?:\$|([1-9])|ARGUMENTS)/g, (whole, number: string | undefined) => {
    if (whole === '$$') return whole;
    return number === undefined ? words.join(' ') : (words[Number(number) - 1] ?? '');
  });
}

/** Words as a shell splits them, without expansions; null if a quote is not closed. */
export function shellWords(text: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\\' && quote !== "'" && at + 1 < text.length) {
      at += 1;
      word = (word ?? '') + text.charAt(at);
    } else if (quote !== null) {
      if (char === quote) quote = null;
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + char;
  }
  if (quote !== null) return null;
  return word === null ? words : [...words, word];
}
