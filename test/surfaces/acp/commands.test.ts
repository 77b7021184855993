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

describe('what was typed', () => {
  const own = [
    { name: 'fix', description: 'Fixes things', argumentHint: 'FILE', body: 'Fix $1 now.\n' },
    { name: 'bare', description: '', argumentHint: '', body: 'Do it.' },
    { name: 'named', description: '', argumentHint: '', body: 'In $LANG.' },
  ];
  const known = { own, ofServers: [explain] };
  const image = { type: 'image', url: 'data:image/png;base64,AAAA' } as const;
  const opOfText = (text: string) => {
    const work = workOf(says(text), known);
    return work.type === 'turn' ? work.op : { type: work.type };
  };

  test.each([
    ['/compact', { type: 'compact' }],
    ['/compact  the tests ', { type: 'compact', focus: 'the tests' }],
    ['/review', { type: 'chooseReview' }],
    [
      '/review the parser\nand more',
      { type: 'review', target: { type: 'custom', instructions: 'the parser\nand more' } },
    ],
    ['/undo', { type: 'undo' }],
    ['/undo everything', { type: 'undo' }],
    ['/status', { type: 'status' }],
    ['  /status  ', { type: 'status' }],
    ['/prompts:fix a.ts', { type: 'userInput', items: [{ type: 'text', text: 'Fix a.ts now.' }] }],
    ['/prompts:fix', { type: 'userInput', items: [{ type: 'text', text: 'Fix  now.' }] }],
    ['/prompts:bare', { type: 'userInput', items: [{ type: 'text', text: 'Do it.' }] }],
    ['/prompts:named LANG=ts', { type: 'userInput', items: [{ type: 'text', text: 'In ts.' }] }],
  ])('%j is %j', (text, op) => {
    expect(opOfText(text)).toEqual(op);
  });

  test.each([
    'hello',
    '/',
    '/unknown',
    '/usr/bin/env is missing',
    '/compact/this',
    'say /compact',
    '/Compact',
    '/prompts:nobody',
    '/prompts:',
    '/mcp:notes:nobody',
    '// comment',
    '',
  ])('%j is an ordinary message', (text) => {
    expect(opOfText(text)).toEqual({ type: 'userInput', items: [{ type: 'text', text }] });
  });

  test('may follow an image: then it is a message, and images behind a prompt stay with it', () => {
    expect(workOf([image, ...says('/status')], known)).toMatchObject({ type: 'turn', op: { type: 'userInput' } });
    expect(workOf([...says('/prompts:bare'), image], known)).toEqual({
      type: 'turn',
      op: { type: 'userInput', items: [{ type: 'text', text: 'Do it.' }, image] },
    });
    expect(workOf([], known)).toEqual({ type: 'turn', op: { type: 'userInput', items: [] } });
  });

  test('asks for an AGENTS.md', () => {
    expect(JSON.stringify(opOfText('/init'))).toContain('AGENTS.md');
  });

  test.each([
    ['/prompts:named', 'needs LANG'],
    ['/prompts:named ts', 'not of the form KEY=value'],
    ['/prompts:fix "open', 'a quote is not closed'],
    ['/mcp:notes:explain "open', 'a quote is not closed'],
  ])('%s is refused: %s', (text, reason) => {
    expect(() => workOf(says(text), known)).toThrow(reason);
  });

  test('has its commands in a list, keel’s own first', () => {
    const offered = availableCommands(known);
    expect(offered.map(({ name }) => name)).toEqual([
      'compact',
      'review',
      'undo',
      'init',
      'status',
      'prompts:fix',
      'prompts:bare',
      'prompts:named',
      'mcp:notes:explain',
    ]);
    expect(offered[5]).toEqual({ name: 'prompts:fix', description: 'Fixes things', input: { hint: 'FILE' } });
    expect(offered[6]).toEqual({ name: 'prompts:bare', description: 'a prompt of your own' });
    for (const { description } of offered) expect(description).not.toBe('');
  });

  test('is what is submitted, where nothing has to be asked of a server', async () => {
    const op = { type: 'undo' } as const;
    expect(await opOf({ type: 'turn', op }, session)).toBe(op);
  });
});
