import { markdownRows, type Row, row } from '../text/index.ts';

/** What the model says, as Markdown. It has no sign before it, so that it copies as it is. */
export function answerRows(text: string, width: number, isInterrupted: boolean): Row[] {
  const rows = markdownRows(text, width);
  return isInterrupted ? [...rows, row('(interrupted)', { role: 'muted' })] : rows;
}
