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

describe('the parts of a prompt', () => {
  /** The smallest PNG there is: one pixel. */
  const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
  const text = (own: string): ContentBlock => ({ type: 'text', text: own });
  const link = (uri: string, name: string, title?: string): ContentBlock => ({
    ...({ type: 'resource_link', uri, name } as const),
    ...(title === undefined ? {} : { title }),
  });
  const file = (uri: string, own: string): ContentBlock => ({ type: 'resource', resource: { uri, text: own } });

  test('are one text in their order', async () => {
    const items = await promptInput([text('Look at '), link('file:///a/b.ts', 'b.ts'), text(' and '), text('fix it')]);
    expect(items).toEqual([{ type: 'text', text: 'Look at /a/b.ts and fix it' }]);
  });

  test('have embedded files as context, named by their path', async () => {
    expect(await promptInput([text('See'), file('file:///a/b%20c.ts', 'const a = 1;')])).toEqual([
      { type: 'text', text: 'See\n<context ref="/a/b c.ts">\nconst a = 1;\n</context>\n' },
    ]);
    expect(await promptInput([file('https://example.com/"x"', 'y')])).toEqual([
      { type: 'text', text: '\n<context ref="https://example.com/\\"x\\"">\ny\n</context>\n' },
    ]);
  });

  test('keep images between the texts around them', async () => {
    const items = await promptInput([text('before'), image(PIXEL), text('after'), image(PIXEL)]);
    expect(items.map(({ type }) => type)).toEqual(['text', 'image', 'text', 'image']);
    expect(items[1]).toMatchObject({ url: expect.stringMatching(/^data:image\/png;base64,/) });
  });

  test('may be an image alone, and an embedded image is one', async () => {
    expect(await promptInput([image(PIXEL)])).toHaveLength(1);
    const resource = { uri: 'file:///a.png', mimeType: 'image/png', blob: PIXEL };
    expect(await promptInput([text(' '), { type: 'resource', resource }])).toMatchObject([
      { type: 'text' },
      { type: 'image' },
    ]);
  });

  test.each<[string, ContentBlock[]]>([
    ['nothing', []],
    ['an empty text', [text('')]],
    ['blanks', [text(' \n'), text('\t')]],
  ])('that are %s are refused', async (_, blocks) => {
    await expect(promptInput(blocks)).rejects.toMatchObject({ code: -32602, message: 'the prompt is empty' });
  });

  test.each([
    [link('file:///a.ts', 'a.ts', 'The file'), '/a.ts'],
    [link('https://x.test/', 'x', 'The page'), 'The page (https://x.test/)'],
    [link('https://x.test/', ''), 'https://x.test/'],
    [link('file:///a%zz.ts', 'a'), 'a (file:///a%zz.ts)'],
    [link('file:///a.ts#L10%3A2', 'a'), '/a.ts#L10:2'],
  ])('%j is mentioned as %s', async (block, shown) => {
    expect(await promptInput([block])).toEqual([{ type: 'text', text: shown }]);
  });
});
