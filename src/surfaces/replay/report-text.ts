import { stripVTControlCharacters } from 'node:util';
import { assertNever } from '../../foundation/util/index.ts';
import type { Difference, InputDifference, ReplayReport } from './report.ts';

/** The most differences that are printed; the first is mostly the cause of the others. */
const MAX_SHOWN = 10;
const CONTEXT_CHARS = 60;

/** A report for people. */
export function reportText(report: ReplayReport): string {
  const { same, turns, requests, differences, notes, thread } = report;
  const verdict = same ? 'the same as recorded' : `${count(differences.length, 'difference')}`;
  const head = `${thread}: ${verdict}\n  ${turns.run} of ${count(turns.all, 'turn')} run again, ${requests.compared} of ${count(requests.all, 'request')} compared\n`;
  const shown = differences.slice(0, MAX_SHOWN).map((difference) => `  ${differenceText(difference)}\n`);
  const more = differences.length - shown.length;
  const rest = more > 0 ? `  and ${more} more: see --json\n` : '';
  return plain(`${head}${shown.join('')}${rest}${notes.map((note) => `  note: ${note}\n`).join('')}`);
}

function differenceText(difference: Difference): string {
  const where = `turn ${difference.turn}`;
  switch (difference.type) {
    case 'request':
      return `${where}, ${difference.step}: the ${difference.part} differ (${size(difference.was)} then, ${size(difference.now)} now)`;
    case 'input':
      return `${where}, ${difference.step}: ${inputText(difference)}`;
    case 'steps':
    case 'form':
      return `${where}: ${difference.message}`;
    case 'outcome':
      return `${where}: it ended with "${short(difference.was)}" then and with "${short(difference.now)}" now`;
    default:
      return assertNever(difference, 'difference');
  }
}

function inputText({ item, change, was, now, wasText, nowText }: InputDifference): string {
  if (change === 'added') return `input item ${item} is new: ${short(nowText ?? '')}`;
  if (change === 'missing')
    return `input item ${item} is missing: ${short(wasText ?? `(${size(was ?? '')}, not in the record)`)}`;
  const from = wasText === null || nowText === null ? 0 : commonStart(wasText, nowText);
  const before = wasText === null ? `(${size(was ?? '')}, not in the record as it was)` : excerpt(wasText, from);
  return `input item ${item} differs\n    then: ${before}\n    now:  ${nowText === null ? size(now ?? '') : excerpt(nowText, from)}`;
}

function commonStart(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
}

function excerpt(text: string, from: number): string {
  const start = Math.max(0, from - CONTEXT_CHARS);
  const end = from + 2 * CONTEXT_CHARS;
  return `${start > 0 ? '…' : ''}${text.slice(start, end)}${end < text.length ? '…' : ''}`;
}

function short(text: string): string {
  return excerpt(text, 0);
}

function size(digest: string): string {
  return `${digest.split(':')[1] ?? '?'} bytes`;
}

function count(value: number, what: string): string {
  return `${value} ${what}${value === 1 ? '' : 's'}`;
}

/** A record may contain control sequences: none reaches the terminal. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '');
}
