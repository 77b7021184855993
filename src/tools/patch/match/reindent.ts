import { leading, trimmed } from './white-space.ts';

/** The white space before one line, as the patch has it and as the file has it. */
export interface IndentPair {
  readonly patch: string;
  readonly file: string;
}

export interface AddedRow {
  readonly text: string;
  /** Indentation of the removed rows that it replaces. */
  readonly replaced: readonly IndentPair[];
}

type Conversion = (indent: string) => string | null;

/**
 * Gives added lines the file's white space where the patch differs from it: shifted, or tabs instead of spaces, as in the
 * lines that the patch and the file share.
 * @returns null if these lines leave it ambiguous
 */
export function reindented(added: readonly AddedRow[], pairs: readonly IndentPair[]): readonly string[] | null {
  const texts = added.map(({ text }) => text);
  if (pairs.every(({ patch, file }) => patch === file)) return texts;
  const convert = conversionOf(pairs);
  const converted = added.map(({ text, replaced }) =>
    withIndent(text, (indent) => agreed(replaced, indent) ?? convert(indent)),
  );
  const whole = converted.filter((line) => line !== null);
  const isComplete = whole.length === added.length;
  const indents = texts.filter((text) => trimmed(text) !== '').map(leading);
  const isAsInPatch = indents.some((indent) => pairs.some(({ patch, file }) => patch === indent && patch !== file));
  if (isAsInPatch || !indents.every((indent) => isAsInFile(indent, pairs))) return isComplete ? whole : null;
  // Both readings are possible, unless their results are equal.
  return !isComplete || whole.every((line, at) => line === texts[at]) ? texts : null;
}

/** The file's indent for an indent of the patch, if all pairs with it agree; else null. */
function agreed(pairs: readonly IndentPair[], indent: string): string | null {
  const files = new Set(pairs.filter(({ patch }) => patch === indent).map(({ file }) => file));
  const [file = null] = files;
  return files.size === 1 ? file : null;
}

function withIndent(line: string, convert: Conversion): string | null {
  if (trimmed(line) === '') return line;
  const indent = leading(line);
  const converted = convert(indent);
  return converted === null ? null : converted + line.slice(indent.length);
}

/** Whether an indent may already be the file's: equal to one of its lines, or deeper than all of them. */
function isAsInFile(indent: string, pairs: readonly IndentPair[]): boolean {
  const deepest = pairs.reduce((longest, { file }) => (file.length > longest.length ? file : longest), '');
  return pairs.some(({ file }) => file === indent) || indent.startsWith(deepest);
}

/** The conversion that fits every pair; it gives null for an indent on which they disagree or say nothing. */
function conversionOf(pairs: readonly IndentPair[]): Conversion {
  const isKnown = new Set(pairs.map(({ patch }) => patch));
  // A shift is likelier than another number of spaces a level, which only several levels can show.
  const fitting = [tabs(pairs), shift(pairs), scale(pairs)].find(
    (convert) => convert !== null && pairs.every(({ patch, file }) => convert(patch) === file),
  );
  const isMixed = pairs.some(({ file }) => mixes(file));
  return (indent) => {
    const result = isKnown.has(indent) ? agreed(pairs, indent) : (fitting?.(indent) ?? null);
    return result !== null && mixes(result) && !isMixed ? null : result;
  };
}

function mixes(indent: string): boolean {
  return indent.includes('\t') && indent.includes(' ');
}

/** A constant amount of white space more, or less, before every line. */
function shift(pairs: readonly IndentPair[]): Conversion | null {
  const [pair] = pairs;
  if (pair === undefined) return null;
  const { patch, file } = pair;
  if (file.endsWith(patch)) return (indent) => file.slice(0, file.length - patch.length) + indent;
  if (!patch.endsWith(file)) return null;
  const surplus = patch.slice(0, patch.length - file.length);
  return (indent) => (indent.startsWith(surplus) ? indent.slice(surplus.length) : null);
}

/** Tabs for a fixed number of spaces, or the other way round. */
function tabs(pairs: readonly IndentPair[]): Conversion | null {
  const pair = pairs.find(({ patch, file }) => patch !== '' && file !== '');
  if (pair === undefined) return null;
  const { patch, file } = pair;
  if (isAll(patch, ' ') && isAll(file, '\t')) return scaled(' ', '\t', file.length / patch.length);
  return isAll(patch, '\t') && isAll(file, ' ') ? scaled('\t', ' ', file.length / patch.length) : null;
}

/** Another number of spaces a level. */
function scale(pairs: readonly IndentPair[]): Conversion | null {
  const pair = pairs.find(({ patch, file }) => patch !== '' && file !== '');
  if (pair === undefined || !isAll(pair.patch, ' ') || !isAll(pair.file, ' ')) return null;
  return scaled(' ', ' ', pair.file.length / pair.patch.length);
}

function scaled(from: string, to: string, ratio: number): Conversion {
  return (indent) => {
    const length = indent.length * ratio;
    return isAll(indent, from) && Number.isInteger(length) ? to.repeat(length) : null;
  };
}

function isAll(text: string, character: string): boolean {
  return text === character.repeat(text.length);
}
