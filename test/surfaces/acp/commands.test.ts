import { describe, expect, test } from 'vitest';
import { availableCommands, opOf, workOf } from '../../../src/surfaces/acp/prompt/commands.ts';
import { promptArguments } from '../../../src/surfaces/prompts/index.ts';

const explain = {
  server: 'notes',
  name: 'explain',
  description: 'Explains\u001b[31m\n a file.',
  arguments: [{ name: 'file', required: true }, { name: 'style' }],
};
const prompts = { own: [], ofServers: [explain, { server: 'notes', name: 'two words' }] };
const says = (text: string) => [{ type: 'text', text }] as const;
const session = {
  serverPrompt: ({ name }: { readonly name: string }, args: object) =>
    Promise.resolve(` ${name} ${JSON.stringify(args)} `),
};

describe('prompts of MCP servers', () => {
  test('are commands of the session, with their arguments as a hint and in one line', () => {
    const offered = availableCommands(prompts).filter(({ name }) => name.startsWith('mcp:'));
    expect(offered).toEqual([
      { name: 'mcp:notes:explain', description: 'Explains [31m a file.', input: { hint: 'file [style]' } },
    ]);
  });

  test('become a message with the words of the server, and what came with the prompt', async () => {
    const picture = { type: 'image', url: 'data:image/png;base64,AAAA' } as const;
    const work = workOf([...says('/mcp:notes:explain a.ts'), picture], prompts);
    if (work.type !== 'serverPrompt') throw new Error(work.type);
    expect(await opOf(work, session)).toEqual({
      type: 'userInput',
      items: [{ type: 'text', text: 'explain {"file":"a.ts"}' }, picture],
    });
  });

  test('that lack an argument are refused, and an unknown one is an ordinary message', () => {
    expect(() => workOf([...says('/mcp:notes:explain')], prompts)).toThrow('needs file');
    expect(workOf([...says('/mcp:notes:nope x')], prompts)).toMatchObject({ type: 'turn', op: { type: 'userInput' } });
  });
});

describe('the words behind a prompt of a server', () => {
  test.each([
    ['a.ts', { file: 'a.ts' }],
    ['a.ts short and dry', { file: 'a.ts', style: 'short and dry' }],
    ['style=dry a.ts', { file: 'a.ts', style: 'dry' }],
    ['file="my file.ts"', { file: 'my file.ts' }],
    ['x=1', { file: 'x=1' }],
    ['file=', { file: '' }],
  ])('%s', (typed, args) => {
    expect(promptArguments(explain, 'p', typed)).toEqual({ type: 'read', args });
  });

  test('are refused where the prompt takes none', () => {
    expect(promptArguments({ server: 's', name: 'p' }, 'mcp:s:p', 'more')).toEqual({
      type: 'fault',
      reason: '/mcp:s:p takes no further words: more',
    });
  });
});
