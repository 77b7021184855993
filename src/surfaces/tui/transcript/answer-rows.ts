import type { Row } from '../text/index.ts';
import { textRows } from './lines.ts';

export function answerRows(text: string, width: number, isInterrupted: boolean): Row[] {
  return textRows(isInterrupted ? `${text} …` : text, width);
}
