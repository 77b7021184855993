import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import { type ApprovalRequest, Keel, type KeelOptions, tool } from '../../../src/surfaces/sdk/index.ts';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';

const places = freshPlaces();
let server: ModelServer;

afterEach(async () => {
  await server.close();
});

async function keelWith(script: Script, options: KeelOptions = {}): Promise<Keel> {
  server = await startModelServer(script);
  return new Keel({
    cwd: places.repo.path,
    home: places.home.path,
    env: { PATH: process.env['PATH'], HOME: places.home.path, OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'test' },
    ...options,
  });
}

const says = (text: string) => respond(message(text), usage({ input: 10, cached: 4, output: 2 }));
const calls = (name: string, args: object, id = 'call_1') => respond(functionCall(name, args, id));
const answer = (id = 'call_1') => server.requests.at(-1)?.outputOf(id);
const offered = (name: string, at = -1) =>
  server.requests.at(at)?.tools.find((one) => JSON.stringify(one).includes(`"name":"${name}"`));

const add = tool({
  name: 'add',
  description: 'Adds two numbers.',
  parameters: z.object({ a: z.number().describe('The first one'), b: z.number(), note: z.string().optional() }),
  readOnly: true,
  run: ({ a, b }) => ({ sum: a + b }),
});

describe('a tool of the program', () => {
  test('is offered with its schema, gets checked arguments, and answers the model', async () => {
    const keel = await keelWith([calls('add', { a: 1, b: 2, note: null }), says('3')], { tools: [add] });
    await using thread = await keel.startThread();
    const { items } = await thread.run('add');
    expect(offered('add', 0)).toMatchObject({
      type: 'function',
      parameters: { required: ['a', 'b'], properties: { a: { type: 'number', description: 'The first one' } } },
    });
    expect(answer()).toBe('{"sum":3}');
    expect(items).toContainEqual(
      expect.objectContaining({
        type: 'mcpToolCall',
        server: 'sdk',
        tool: 'add',
        status: 'completed',
        result: { content: [{ type: 'text', text: '{"sum":3}' }], structuredContent: { sum: 3 } },
      }),
    );
  });

  test('knows the types of its arguments, also by the small schemas', () => {
    tool({
      name: 'typed',
      description: '',
      parameters: mini.object({ name: mini.string(), count: mini.optional(mini.number()) }),
      run: (args, { cwd, signal }) => {
        expectTypeOf(args).toEqualTypeOf<{ name: string; count?: number | undefined }>();
        expectTypeOf({ cwd, signal }).toEqualTypeOf<{ cwd: string; signal: AbortSignal }>();
        return '';
      },
    });
  });

  test('that fails is a failed call, and the turn continues', async () => {
    const own: { self?: unknown } = {};
    own.self = own;
    const parameters = z.object({});
    const never = { approval: 'never', description: '', parameters } as const;
    const tools = [
      add,
      tool({ ...never, name: 'fails', run: () => Promise.reject(new Error('the database is down')) }),
      tool({ ...never, name: 'wrong', result: z.object({ n: z.number() }), run: () => JSON.parse('{"n":"x"}') }),
      tool({ ...never, name: 'circular', run: () => own }),
    ];
    const script = [
      calls('add', { a: 'one', b: 2 }, 'c1'),
      ...['fails', 'wrong', 'circular'].map((name) => calls(name, {}, name)),
    ];
    const keel = await keelWith([...script, says('well')], { tools });
    await using thread = await keel.startThread();
    expect(await thread.run('go')).toMatchObject({ finalResponse: 'well' });
    expect(answer('c1')).toMatch(/^err: wrong arguments: a: /);
    expect(answer('fails')).toBe('err: the database is down');
    expect(answer('wrong')).toMatch(/^err: the result is not what the tool declares: n: /);
    expect(answer('circular')).toMatch(/^err: .*circular/i);
  });

  test('that may change things is asked about, and does not run when denied', async () => {
    const asked: ApprovalRequest[] = [];
    const ran: string[] = [];
    const deploy = tool({
      name: 'deploy',
      description: 'Deploys.',
      parameters: z.object({ to: z.string() }),
      run: ({ to }) => {
        ran.push(to);
      },
    });
    const keel = await keelWith(
      [calls('deploy', { to: 'one' }, 'c1'), calls('deploy', { to: 'two' }, 'c2'), says('end')],
      {
        tools: [deploy],
        approvalPolicy: 'on-request',
        onApproval: (request) => {
          asked.push(request);
          return asked.length === 1 ? { type: 'denied', message: 'not there' } : { type: 'approved' };
        },
      },
    );
    await using thread = await keel.startThread();
    const { items } = await thread.run('deploy');
    expect(asked).toMatchObject([
      { type: 'mcpToolCall', server: 'sdk', tool: 'deploy', arguments: { to: 'one' } },
      { type: 'mcpToolCall', arguments: { to: 'two' } },
    ]);
    expect(ran).toEqual(['two']);
    expect(items.filter(({ type }) => type === 'mcpToolCall')).toMatchObject([
      { status: 'declined' },
      { status: 'completed' },
    ]);
  });

  test.each<[('ask' | 'never') | undefined, KeelOptions['approvalPolicy'], boolean]>([
    ['ask', 'never', false],
    ['never', 'untrusted', true],
    [undefined, 'untrusted', false],
  ])('with approval %s under the policy %s, and a user who denies: runs %s', async (approval, approvalPolicy, runs) => {
    let count = 0;
    const touch = tool({
      ...{ name: 'touch', description: '', parameters: z.object({}) },
      ...(approval === undefined ? {} : { approval }),
      run: () => {
        count += 1;
        return 'touched';
      },
    });
    const options = { tools: [touch], ...(approvalPolicy === undefined ? {} : { approvalPolicy }) };
    const keel = await keelWith([calls('touch', {}), says('end')], {
      ...options,
      onApproval: () => ({ type: 'denied' }),
    });
    await using thread = await keel.startThread();
    await thread.run('go');
    expect(count).toBe(runs ? 1 : 0);
  });

  test('is interrupted with its turn, and nobody waits for it any more', async () => {
    const started = Promise.withResolvers<AbortSignal>();
    const slow = tool({
      ...{ name: 'slow', description: '', parameters: z.object({}), readOnly: true },
      run: (_, { signal }) => {
        started.resolve(signal);
        return new Promise<string>(() => undefined);
      },
    });
    const keel = await keelWith([calls('slow', {}), says('never')], { tools: [slow] });
    await using thread = await keel.startThread();
    const stop = new AbortController();
    const turn = thread.run('go', { signal: stop.signal });
    const signal = await started.promise;
    stop.abort();
    await expect(turn).rejects.toMatchObject({ kind: 'interrupted' });
    expect(signal.aborted).toBe(true);
  });

  test('is there again in a resumed thread that is given it, and the model learns of it where it is not', async () => {
    const keel = await keelWith([calls('add', { a: 1, b: 1 }), says('2'), says('again'), says('without')]);
    const first = await keel.startThread({ tools: [add] });
    await first.run('add');
    await first.close();
    const second = await keel.resumeThread(first.id, { tools: [add] });
    await second.run('more');
    expect(offered('add')).toBeDefined();
    expect(JSON.stringify(server.requests.at(-1)?.body)).not.toContain('no longer');
    await second.close();
    await using third = await keel.resumeThread(first.id);
    await third.run('still?');
    expect(offered('add')).toBeUndefined();
    expect(JSON.stringify(server.requests.at(-1)?.body)).toContain('add');
  });

  test('needs parameters that a model can be shown', () => {
    const parameters = JSON.parse('{"type":"object"}');
    const make = () => tool({ name: 'x', description: '', parameters, run: () => '' });
    expect(make).toThrow(expect.objectContaining({ kind: 'invalidInput' }));
  });

  test('has a name of its own that providers take', async () => {
    const keel = await keelWith([]);
    for (const name of ['exec_command', 'a name', 'mcp__x__y']) {
      const tools = [tool({ name, description: '', parameters: z.object({}), run: () => '' })];
      await expect(keel.startThread({ tools })).rejects.toMatchObject({ kind: 'invalidInput' });
    }
  });
});
