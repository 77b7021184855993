import { resolve } from 'node:path';
import type { ContentItem, MessageItem, UserInput } from '../foundation/protocol/index.ts';
import { imageInputPart } from '../models/prompt/index.ts';
import { asUserText } from './context-message.ts';

/** A user's input as one message, its parts in order. An image that can't be read becomes a text that says so. */
export async function userMessage(items: readonly UserInput[], cwd: string): Promise<MessageItem> {
  const content: ContentItem[] = [];
  for (const item of items) content.push(await partOf(item, cwd));
  return { type: 'message', role: 'user', content };
}

async function partOf(item: UserInput, cwd: string): Promise<ContentItem> {
  switch (item.type) {
    case 'text':
      return { type: 'input_text', text: asUserText(item.text) };
    case 'image':
      return { type: 'input_image', image_url: item.url };
    case 'localImage':
      return imageInputPart(resolve(cwd, item.path));
  }
}
