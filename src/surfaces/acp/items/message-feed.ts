import type { SessionUpdate } from '@agentclientprotocol/sdk';
import type { SessionEventOf, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import type { SessionClient } from '../client.ts';

type Kind = 'agent_message_chunk' | 'agent_thought_chunk' | 'user_message_chunk';

interface Streamed {
  text: string;
  /** The part that the newest words belong to. */
  part: string;
}

/** Messages and thoughts: streamed as they come in, and completed by what their item has beyond that. */
export class MessageFeed {
  readonly #client: SessionClient;
  readonly #hidesThoughts: boolean;
  readonly #streamed = new Map<string, Streamed>();

  constructor(client: SessionClient, { hidesThoughts }: { readonly hidesThoughts: boolean }) {
    this.#client = client;
    this.#hidesThoughts = hidesThoughts;
  }

  async delta({ itemId, part, index = 0, delta }: SessionEventOf<'item.delta'>): Promise<void> {
    const isMessage = part === 'agentMessage';
    if (delta === '' || (!isMessage && this.#hidesThoughts)) return;
    const name = `${part} ${index}`;
    const streamed = this.#streamed.get(itemId) ?? { text: '', part: name };
    const text = streamed.part === name || streamed.text === '' ? delta : `\n\n${delta}`;
    this.#streamed.set(itemId, { text: streamed.text + text, part: name });
    await this.#chunk(isMessage ? 'agent_message_chunk' : 'agent_thought_chunk', itemId, text);
  }

  async completed(item: ThreadItemOf<'agentMessage' | 'reasoning'>): Promise<void> {
    const sent = this.#streamed.get(item.id)?.text ?? '';
    this.#streamed.delete(item.id);
    if (item.type === 'reasoning' && this.#hidesThoughts) return;
    const whole = item.type === 'agentMessage' ? item.text : [...item.summary, ...item.content].join('\n\n');
    // What was streamed in another form than the item has can't be taken back.
    if (!whole.startsWith(sent)) return;
    const kind = item.type === 'agentMessage' ? 'agent_message_chunk' : 'agent_thought_chunk';
    await this.#chunk(kind, item.id, whole.slice(sent.length));
  }

  /** A message of the user in an earlier turn. */
  async user({ id, content }: ThreadItemOf<'userMessage'>): Promise<void> {
    for (const part of content) {
      if (part.type === 'text') await this.#chunk('user_message_chunk', id, part.text);
      else if (part.type === 'localImage') await this.#chunk('user_message_chunk', id, part.path);
      else await this.#client.update(imageChunk(id, part.url));
    }
  }

  /** A whole message that keel writes itself. */
  async say(messageId: string, text: string): Promise<void> {
    await this.#chunk('agent_message_chunk', messageId, text);
  }

  async #chunk(sessionUpdate: Kind, messageId: string, text: string): Promise<void> {
    if (text === '') return;
    await this.#client.update({ sessionUpdate, messageId, content: { type: 'text', text } });
  }
}

function imageChunk(messageId: string, url: string): SessionUpdate {
  const [, mimeType, data] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? [];
  const sessionUpdate = 'user_message_chunk';
  if (mimeType === undefined || data === undefined) {
    return { sessionUpdate, messageId, content: { type: 'text', text: url } };
  }
  return { sessionUpdate, messageId, content: { type: 'image', mimeType, data } };
}
