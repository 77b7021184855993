import { createHash } from 'node:crypto';
import type { Sharp } from 'sharp';
import { type PlaceJudge, readRegularFile } from '../../foundation/files/index.ts';
import type { ContentItem } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';

type ImagePart = Extract<ContentItem, { type: 'input_image' | 'input_text' }>;

/** Larger pictures are shrunk to fit: beyond it models see no more and cost more. */
const MAX_WIDTH = 2048;
const MAX_HEIGHT = 768;
const JPEG_QUALITY = 85;
/** In base64 this is 5 MB, the most that the strictest provider (Anthropic) takes for one picture. */
const MAX_SENT_BYTES = 3_750_000;
/** A bigger file is not read at all. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const CACHE_ENTRIES = 32;
const CACHE_CHARS = 32 * 1024 * 1024;
/** Formats that providers take as they are. */
const SENDABLE_FORMATS: ReadonlySet<string> = new Set(['png', 'jpeg', 'gif', 'webp']);

/** Data URLs by the SHA-1 of the file's bytes, least recently used first. */
const cache = new Map<string, string>();

/**
 * A local image as a part of a message. What can't be read or isn't an image becomes a text that says so, because a part
 * that the provider refuses would spoil every later request of the thread.
 */
export async function imageInputPart(path: string): Promise<ImagePart> {
  try {
    return { type: 'input_image', image_url: await imageFileUrl(path) };
  } catch (error) {
    return placeholder(path, reasonOf(error));
  }
}

/**
 * A local image as it is now, in a form that providers take.
 * @param judge decides what files may be read; absent: all may
 * @throws what is wrong with the file
 */
export async function imageFileUrl(path: string, judge?: PlaceJudge): Promise<string> {
  return imageDataUrl(readRegularFile(path, { maxBytes: MAX_FILE_BYTES, ...(judge === undefined ? {} : { judge }) }));
}

function placeholder(path: string, reason: string): ImagePart {
  return { type: 'input_text', text: `[The image ${path} could not be attached: ${reason}]` };
}

/** An image in a form that providers take, made smaller if need be. @throws what is wrong with bytes that are none */
export async function imageDataUrl(bytes: Buffer): Promise<string> {
  const key = createHash('sha1').update(bytes).digest('hex');
  const url = cache.get(key) ?? (await encode(bytes));
  cache.delete(key);
  cache.set(key, url);
  shrinkCache();
  return url;
}

function shrinkCache(): void {
  let chars = 0;
  for (const url of cache.values()) chars += url.length;
  for (const [key, url] of cache) {
    if (cache.size <= CACHE_ENTRIES && chars <= CACHE_CHARS) return;
    cache.delete(key);
    chars -= url.length;
  }
}

/** Throws for what is not a whole image. */
async function encode(bytes: Buffer): Promise<string> {
  const { default: sharp } = await import('sharp');
  const image = sharp(bytes, { failOn: 'error' });
  const { format, width, height } = await image.metadata();
  const fits = width <= MAX_WIDTH && height <= MAX_HEIGHT;
  if (fits && SENDABLE_FORMATS.has(format) && bytes.byteLength <= MAX_SENT_BYTES) {
    await image.stats(); // reads every pixel: a header alone does not make a file an image
    return `data:image/${format};base64,${bytes.toString('base64')}`;
  }
  return reencoded(image, format === 'jpeg' ? 'jpeg' : 'png');
}

/** Turned upright first, since the orientation tag does not survive. What is too large as PNG is sent as JPEG. */
async function reencoded(image: Sharp, format: 'jpeg' | 'png'): Promise<string> {
  const resized = image.autoOrient().resize({
    width: MAX_WIDTH,
    height: MAX_HEIGHT,
    fit: 'inside',
    withoutEnlargement: true,
  });
  const encoded = format === 'jpeg' ? resized.jpeg({ quality: JPEG_QUALITY }) : resized.png();
  const bytes = await encoded.toBuffer();
  if (format === 'png' && bytes.byteLength > MAX_SENT_BYTES) return reencoded(image, 'jpeg');
  return `data:image/${format};base64,${bytes.toString('base64')}`;
}
