import { JsonTooDeep, readJson, reasonOf } from '../../foundation/util/index.ts';

const CONTEXT_CHARS = 20;

/** Says where a text stops being JSON: the cause, the position counted from 0, and 20 characters around it. */
export function jsonFault(text: string, error: unknown): string {
  if (error instanceof JsonTooDeep) return error.message;
  const position = faultPosition(text, error);
  const before = text.slice(Math.max(0, position - CONTEXT_CHARS / 2), position);
  const after = text.slice(position, position + CONTEXT_CHARS / 2);
  const cause = position >= text.length ? 'the JSON text ends too early' : 'not JSON';
  return `${cause}: position ${position}, near ${JSON.stringify(before + after)}`;
}

function faultPosition(text: string, error: unknown): number {
  const message = messageOf(error);
  const stated = /at position (\d+)/.exec(message)?.[1];
  if (stated !== undefined) return Number(stated);
  return message.startsWith('Unexpected token') ? searchPosition(text) : text.length;
}

/** The parser gives no position for a wrong token: it is the end of the shortest prefix that fails in the same way. */
function searchPosition(text: string): number {
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (hasWrongToken(text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  return good;
}

function hasWrongToken(text: string): boolean {
  try {
    readJson(text);
    return false;
  } catch (error) {
    return messageOf(error).startsWith('Unexpected token');
  }
}

function messageOf(error: unknown): string {
  return reasonOf(error);
}
