import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CallResult } from '../../mcp/index.ts';
import { imageDataUrl } from '../../model/index.ts';
import type { OutputContentItem } from '../../protocol/index.ts';
import { byteLength, cutBytesEnd, fitsModel, reasonOf, wholeText } from '../../util/index.ts';
import { showOutput } from '../handlers/command-output.ts';
import type { ToolContext, ToolOutput } from '../types.ts';

/** Parts of one result that a model is shown where it is not plain text. */
const MAX_PARTS = 32;

type Part = CallResult['content'][number];

/** What the model is told of a tool's result: structured content alone where there is some, pictures as pictures. */
export async function resultOutput(result: CallResult, callId: string, context: ToolContext): Promise<ToolOutput> {
  const { content, structuredContent, isError } = result;
  const success = isError !== true;
  if (structuredContent !== undefined && structuredContent !== null) {
    return { body: boundedText(JSON.stringify(structuredContent), callId, context), success };
  }
  const isShown = content.some(isImage) && content.every((part) => isImage(part) || isText(part));
  if (isShown) return { body: await shownParts(content, callId, context), success };
  return { body: boundedText(contentText(content), callId, context), success };
}

/** A text within what a model is shown; the whole of a longer one is kept in a file that it can read. */
export function boundedText(text: string, callId: string, { turn, spillPath, spillMaxBytes }: ToolContext): string {
  const partial = wholeText(text);
  const path = fitsModel(partial) ? null : spillPath(callId);
  const kept = path === null ? null : spill(path, cutBytesEnd(text, spillMaxBytes));
  const { totalBytes: printedBytes } = partial;
  const spilled = { spillPath: kept === null ? null : path, spilledBytes: kept ?? 0, printedBytes };
  return showOutput({ partial, ...spilled }, [], turn.noteMark);
}

/** The list as it came. Too much text to be shown whole is text alone, so that it is cut between its lines. */
function contentText(content: readonly Part[]): string {
  const json = JSON.stringify(content);
  if (fitsModel(wholeText(json)) || !content.every(isText)) return json;
  return content.map(({ text }) => text).join('\n');
}

/** A picture that a provider would refuse would spoil every later request of the thread: it becomes a text. */
async function shownParts(
  content: readonly Part[],
  callId: string,
  context: ToolContext,
): Promise<OutputContentItem[]> {
  const shown: OutputContentItem[] = [];
  for (const [n, part] of content.slice(0, MAX_PARTS).entries()) {
    if (isText(part)) shown.push({ type: 'input_text', text: boundedText(part.text, `${callId}-${n}`, context) });
    if (isImage(part)) shown.push(await imagePart(part.data));
  }
  const left = content.length - shown.length;
  if (left > 0) shown.push({ type: 'input_text', text: `${context.turn.noteMark} ${left} more parts were left out.` });
  return shown;
}

/** `data` is base64, or a whole data URL. */
async function imagePart(data: string): Promise<OutputContentItem> {
  const base64 = data.startsWith('data:') ? data.slice(data.indexOf(',') + 1) : data;
  try {
    return { type: 'input_image', image_url: await imageDataUrl(Buffer.from(base64, 'base64')) };
  } catch (error) {
    const reason = reasonOf(error);
    return { type: 'input_text', text: `[An image could not be shown: ${reason}]` };
  }
}

function isText(part: Part): part is Part & { readonly text: string } {
  return part.type === 'text' && typeof part['text'] === 'string';
}

function isImage(part: Part): part is Part & { readonly data: string } {
  return part.type === 'image' && typeof part['data'] === 'string';
}

/** @returns how many bytes are kept; null if none can be */
function spill(path: string, text: string): number | null {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600 });
    return byteLength(text);
  } catch {
    // The note to the model says that the rest was not kept.
    return null;
  }
}
