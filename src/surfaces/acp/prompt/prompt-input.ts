import { fileURLToPath } from 'node:url';
import type { ContentBlock, EmbeddedResource } from '@agentclientprotocol/sdk';
import type { UserInput } from '../../../foundation/protocol/index.ts';
import { reasonOf } from '../../../foundation/util/index.ts';
import { invalidParams } from '../errors.ts';

/** Most bytes of one image, decoded. Those with too many pixels for a model are made smaller. */
const MAX_IMAGE_BYTES = 20 * 1024 * 1024;

/**
 * A prompt as input of a turn. Text and what it mentions is one text, in order; images are parts of their own.
 * @throws RequestError for what keel can't take: audio, or an image that is none or too large
 */
export async function promptInput(blocks: readonly ContentBlock[]): Promise<UserInput[]> {
  const items: UserInput[] = [];
  let text = '';
  const add = (image: UserInput) => {
    if (text !== '') items.push({ type: 'text', text });
    text = '';
    items.push(image);
  };
  for (const block of blocks) {
    switch (block.type) {
      case 'text':
        text += block.text;
        break;
      case 'resource_link':
        text += mention(block.uri, block.title ?? block.name);
        break;
      case 'image':
        add(await image(block.data));
        break;
      case 'resource':
        if (isImage(block)) add(await image(block.resource.blob));
        else text += embedded(block);
        break;
      case 'audio':
        throw invalidParams('audio is not supported: send text, images and resources');
    }
  }
  if (text.trim() !== '') items.push({ type: 'text', text });
  if (items.length === 0) throw invalidParams('the prompt is empty');
  return items;
}

/** A path for a file, with the place in it if there is one; anything else by its address. */
function mention(uri: string, name: string): string {
  const path = pathOf(uri);
  return path ?? (name === '' || name === uri ? uri : `${name} (${uri})`);
}

function pathOf(uri: string): string | null {
  try {
    const url = new URL(uri);
    if (url.protocol !== 'file:') return null;
    const { hash } = url;
    url.hash = '';
    url.search = '';
    return `${fileURLToPath(url)}${decodeURIComponent(hash)}`;
  } catch {
    // No address at all, or one of a file elsewhere.
    return null;
  }
}

function embedded({ resource }: EmbeddedResource): string {
  const place = pathOf(resource.uri) ?? resource.uri;
  const body =
    'text' in resource
      ? resource.text
      : `(${resource.mimeType ?? 'binary'}, ${resource.blob.length} characters of base64)`;
  return `\n<context ref=${JSON.stringify(place)}>\n${body}\n</context>\n`;
}

function isImage(block: EmbeddedResource): block is EmbeddedResource & { resource: { blob: string } } {
  const { resource } = block;
  return 'blob' in resource && (resource.mimeType ?? '').startsWith('image/');
}

async function image(base64: string): Promise<UserInput> {
  // Four characters are three bytes.
  if ((base64.length / 4) * 3 > MAX_IMAGE_BYTES) {
    throw invalidParams(`an image has at most ${MAX_IMAGE_BYTES} bytes (20 MiB)`);
  }
  // Loaded with the first image.
  const { imageDataUrl } = await import('../../../models/prompt/index.ts');
  try {
    return { type: 'image', url: await imageDataUrl(Buffer.from(base64, 'base64')) };
  } catch (error) {
    throw invalidParams(`an image can't be used: ${reasonOf(error)}`);
  }
}
