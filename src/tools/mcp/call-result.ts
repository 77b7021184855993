import type { OutputContentItem } from '../../foundation/protocol/index.ts';
import { fitsModel, reasonOf, wholeText } from '../../foundation/util/index.ts';
import type { CallResult } from '../../models/mcp/index.ts';
import { imageDataUrl } from '../../models/prompt/index.ts';
import { boundedText, type ToolContext, type ToolOutput } from '../contract/index.ts';

/** Limit for the pictures of one result that a model is shown. */
const MAX_PICTURES = 32;
/** Base64 of at least this many characters in a `data` or `blob` field is bytes, which a model can't read as text. */
const MIN_BASE64_CHARS = 256;

type Part = CallResult['content'][number];

/**
 * The model's view of a tool's result: the structured content if there is some, else the parts; pictures stay pictures. All
 * texts of one result share one limit.
 */
export async function resultOutput(result: CallResult, callId: string, context: ToolContext): Promise<ToolOutput> {
  const { content, isError } = result;
  const structured = result.structuredContent ?? null;
  const success = isError !== true;
  if (!content.some(isPicture)) {
    const text = structured === null ? contentText(content) : jsonOf(structured);
    return { body: boundedText(text, callId, context), success };
  }
  const parts = structured === null ? content : [textPart(jsonOf(structured)), ...content.filter(isPicture)];
  return { body: await shownParts(parts, callId, context), success };
}

/** The parts as JSON. Texts that are too long together are joined without JSON, so that they are cut between lines. */
function contentText(content: readonly Part[]): string {
  const json = jsonOf(content);
  if (fitsModel(wholeText(json)) || !content.every(isText)) return json;
  return content.map(({ text }) => text).join('\n');
}

/** Texts stay between the pictures that they belong to, unless they are too long together: then one text comes first. */
async function shownParts(parts: readonly Part[], callId: string, context: ToolContext): Promise<OutputContentItem[]> {
  const texts = parts.filter((part) => !isPicture(part)).map(textOf);
  const isShort = fitsModel(wholeText(texts.join('\n')));
  const shown: OutputContentItem[] = isShort ? [] : [shownText(boundedText(texts.join('\n'), callId, context))];
  let pictures = 0;
  for (const part of parts) {
    if (!isPicture(part)) {
      if (isShort) shown.push(shownText(textOf(part)));
    } else if (++pictures <= MAX_PICTURES) shown.push(await imagePart(dataOf(part)));
  }
  const left = pictures - MAX_PICTURES;
  if (left > 0) shown.push(shownText(`${context.turn.noteMark} ${left} more pictures were left out.`));
  return shown;
}

function shownText(text: string): OutputContentItem {
  return { type: 'input_text', text };
}

function textPart(text: string): Part {
  return { type: 'text', text };
}

function textOf(part: Part): string {
  return isText(part) ? part.text : jsonOf(part);
}

/** JSON in which base64 of pictures and sounds is replaced by its size. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value, (key, field: unknown) =>
    isBase64(key, field) ? `[${field.length} characters of base64]` : field,
  );
}

function isBase64(key: string, field: unknown): field is string {
  if ((key !== 'data' && key !== 'blob') || typeof field !== 'string') return false;
  return field.length >= MIN_BASE64_CHARS && /^(?:data:[^,]{1,200},)?[a-zA-Z0-9+/_\s-]+={0,2}\s*$/.test(field);
}

/** `data` is base64, or a whole data URL. A picture that a provider would refuse would spoil each later request: it becomes a text. */
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

/** A picture by itself, or as a resource that the server embeds. */
function isPicture(part: Part): boolean {
  return dataOf(part) !== '';
}

/** The base64 of a picture; empty for any other part. */
function dataOf(part: Part): string {
  const { type, data, resource } = part;
  if (type === 'image' && typeof data === 'string') return data;
  if (type !== 'resource' || typeof resource !== 'object' || resource === null) return '';
  const isImage = 'mimeType' in resource && String(resource.mimeType).startsWith('image/');
  return isImage && 'blob' in resource && typeof resource.blob === 'string' ? resource.blob : '';
}
