import type { ContentBlock } from '@agentclientprotocol/sdk';
import { describe, expect, test } from 'vitest';
import { promptInput } from '../../../src/surfaces/acp/prompt/prompt-input.ts';

const image = (data: string): ContentBlock => ({ type: 'image', mimeType: 'image/png', data });

describe('a prompt', () => {
  test.each<[string, ContentBlock, RegExp]>([
    ['an image beyond the limit', image('A'.repeat(28_000_000)), /at most 20971520 bytes \(20 MiB\)/],
    ['an image that is none', image('bm8gaW1hZ2U='), /an image can't be used/],
    ['audio', { type: 'audio', mimeType: 'audio/wav', data: '' }, /audio is not supported/],
  ])('%s is refused with the reason', async (_, block, message) => {
    await expect(promptInput([block])).rejects.toMatchObject({ code: -32602, message });
  });

  test.each([
    ['file:///a/b.ts', 'b.ts', '/a/b.ts'],
    ['file:///a/b.ts?symbol=f#L1:2', 'b.ts', '/a/b.ts#L1:2'],
    ['file://elsewhere/a.ts', 'a.ts', 'a.ts (file://elsewhere/a.ts)'],
    ['https://x.test/1', 'https://x.test/1', 'https://x.test/1'],
    ['no address', 'notes', 'notes (no address)'],
  ])('the link %s is mentioned as text', async (uri, name, text) => {
    expect(await promptInput([{ type: 'resource_link', uri, name }])).toEqual([{ type: 'text', text }]);
  });

  test('an embedded file that is not text is named, and not sent as text', async () => {
    const resource = { uri: 'file:///a.bin', mimeType: 'application/x-thing', blob: 'AAAA' };
    const [item] = await promptInput([{ type: 'resource', resource }]);
    expect(item).toMatchObject({ type: 'text', text: expect.stringContaining('application/x-thing') });
    expect(JSON.stringify(item)).not.toContain('AAAA');
  });
});
