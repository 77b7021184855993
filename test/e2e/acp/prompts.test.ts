import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { hold, httpError, message, type RecordedRequest, respond, usage } from '../../../src/testing/index.ts';
import { until } from '../../support/keel.ts';
import { asksUser } from '../../support/questions.ts';
import { AcpPlace, ask } from './place.ts';

const place = AcpPlace.ofFile('sandbox_mode = "danger-full-access"\napproval_policy = "never"\n');
const done = respond(message('It is done.'));

describe('keel acp: prompts', () => {
  test('a message is streamed under one id, and the prompt ends behind it', async () => {
    const answer = message('Hello there.', { deltas: ['Hello ', 'there.'] });
    const config = 'model_prices."gpt-5-codex" = { input = 100000, output = 200000 }';
    await using editor = await place.connect([respond(answer, usage({ input: 5, output: 2 }))], { config });
    const sessionId = await place.open(editor);
    expect(await ask(editor, sessionId, 'hi')).toEqual({ stopReason: 'end_turn' });
    const chunks = editor.updates.filter((update) => update.sessionUpdate === 'agent_message_chunk');
    expect(chunks.map(({ content }) => content)).toEqual([
      { type: 'text', text: 'Hello ' },
      { type: 'text', text: 'there.' },
    ]);
    expect(new Set(chunks.map(({ messageId }) => messageId)).size).toBe(1);
    expect(chunks[0]?.messageId).toMatch(/./);
    expect(editor.updates).toContainEqual(
      expect.objectContaining({ sessionUpdate: 'usage_update', used: 7, cost: { amount: 0.9, currency: 'USD' } }),
    );
  });

  test('files become paths, other addresses stay text, what is embedded comes with its place', async () => {
    await using editor = await place.connect([done]);
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, [
      { type: 'text', text: 'Compare ' },
      { type: 'resource_link', name: 'a b.ts', uri: 'file:///home/ada/a%20b.ts#L3:9' },
      { type: 'text', text: ' with ' },
      { type: 'resource_link', name: 'the issue', uri: 'https://example.com/issues/7' },
      { type: 'resource', resource: { uri: 'file:///home/ada/c.ts', text: 'const c = 1;' } },
      { type: 'resource', resource: { uri: 'zed:///agent/thread/1', text: 'What was said.' } },
    ]);
    const sent = place.server.requests[0]?.textsOf('user').at(-1);
    expect(sent).toBe(
      'Compare /home/ada/a b.ts#L3:9 with the issue (https://example.com/issues/7)\n' +
        '<context ref="/home/ada/c.ts">\nconst c = 1;\n</context>\n' +
        '\n<context ref="zed:///agent/thread/1">\nWhat was said.\n</context>\n',
    );
  });

  test('an image that is too large for a model is made smaller; a prompt with nothing in it is refused', async () => {
    await using editor = await place.connect([done]);
    const sessionId = await place.open(editor);
    const image = async (width: number) => {
      const picture = sharp({ create: { width, height: 20, channels: 3, background: 'red' } });
      return {
        type: 'image' as const,
        mimeType: 'image/png',
        data: (await picture.png().toBuffer()).toString('base64'),
      };
    };
    const wide = await image(6_000);
    await ask(editor, sessionId, [{ type: 'text', text: 'look' }, wide]);
    const sent = JSON.stringify(place.server.requests[0]?.input);
    const [, data = ''] = /"image_url":"data:image\/png;base64,([^"]+)"/.exec(sent) ?? [];
    expect((await sharp(Buffer.from(data, 'base64')).metadata()).width).toBe(2048);
    await expect(ask(editor, sessionId, '  ')).rejects.toMatchObject({ code: -32602 });
  });

  test('a turn that fails is an error with its reason, and the session takes the next prompt', async () => {
    const limit = httpError(429, { error: { type: 'usage_limit_reached', message: 'limit' } });
    await using editor = await place.connect([limit, done]);
    const sessionId = await place.open(editor);
    await expect(ask(editor, sessionId, 'go')).rejects.toMatchObject({
      code: -32603,
      data: { kind: 'usageLimitExceeded' },
    });
    expect(await ask(editor, sessionId, 'go')).toEqual({ stopReason: 'end_turn' });
  });

  test('every advertised command prints something, and none of them but the known ones is taken for a command', async () => {
    place.home.write({ 'prompts/greet.md': '---\ndescription: greets\nargument-hint: NAME\n---\nSay hello to $1' });
    place.repo.write({ 'new.txt': 'not committed' });
    await using editor = await place.connect(() => done);
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, '/etc/hosts is what?');
    expect(place.server.requests.at(-1)?.textsOf('user').at(-1)).toBe('/etc/hosts is what?');
    const advertised = editor.updates.find((update) => update.sessionUpdate === 'available_commands_update');
    const commands = advertised?.availableCommands ?? [];
    expect(commands.map(({ name }) => name)).toEqual(['compact', 'review', 'undo', 'init', 'status', 'prompts:greet']);
    for (const { name } of commands) {
      const before = editor.updates.length;
      expect(await ask(editor, sessionId, `/${name}`)).toEqual({ stopReason: 'end_turn' });
      const said = editor.updates.slice(before).map(({ sessionUpdate }) => sessionUpdate);
      expect([name, said.includes('agent_message_chunk')]).toEqual([name, true]);
    }
    await ask(editor, sessionId, '/prompts:greet Ada');
    expect(place.server.requests.at(-1)?.textsOf('user').at(-1)).toBe('Say hello to Ada');
  });

  test('a client with forms is asked what to review; one with notices gets them in place of messages', async () => {
    const capabilities = { elicitation: { form: {} }, session: { notices: {}, compaction: {} } };
    place.repo.write({ 'new.txt': 'not committed' });
    const fill = () => ({ change: 'uncommitted' });
    await using editor = await place.connect(() => done, { capabilities, fill });
    const sessionId = await place.open(editor);
    await ask(editor, sessionId, '/review');
    const kinds = editor.updates.map(({ sessionUpdate }) => sessionUpdate);
    expect(kinds).toContain('notice');
    await ask(editor, sessionId, '/compact');
    const compactions = editor.updates.filter((update) => update.sessionUpdate === 'compaction_update');
    expect(compactions.map(({ status }) => status)).toEqual(['in_progress', 'completed']);
    expect(editor.wire().some((one) => 'method' in one && one.method === 'elicitation/create')).toBe(true);
  });

  test('a client with forms is asked what the model wants to know; one without has a model that can’t ask', async () => {
    const asks = (request: RecordedRequest) =>
      request.outputOf('ask_1') === undefined && JSON.stringify(request.body).includes('"request_user_input"')
        ? respond(asksUser())
        : done;
    const capabilities = { elicitation: { form: {} } };
    await using editor = await place.connect(asks, { capabilities, fill: () => ({ other_1: 'green' }) });
    await ask(editor, await place.open(editor), 'go');
    expect(place.server.requests.at(-1)?.outputOf('ask_1')).toBe('{"answers":{"colour":{"answers":["green"]}}}');
    expect(editor.updates).toContainEqual(
      expect.objectContaining({ sessionUpdate: 'tool_call_update', toolCallId: 'ask_1', status: 'completed' }),
    );
    expect(editor.questions).toEqual([]);
    await using plain = await place.connect(null);
    await ask(plain, await place.open(plain), 'go');
    expect(place.server.requests).toHaveLength(3);
    expect(JSON.stringify(place.server.requests[2]?.body)).not.toContain('request_user_input');
  });

  test('a request that its client cancels ends like a cancelled prompt', async () => {
    await using editor = await place.connect([
      respond(message('One.', { deltas: ['One.', hold(new Promise(() => undefined))] })),
      done,
    ]);
    const sessionId = await place.open(editor);
    const stop = new AbortController();
    const prompt = { sessionId, prompt: [{ type: 'text' as const, text: 'go' }] };
    const answer = editor.agent.request('session/prompt', prompt, { cancellationSignal: stop.signal });
    await until(() => editor.updates.some(({ sessionUpdate }) => sessionUpdate === 'agent_message_chunk'));
    stop.abort();
    expect(await answer).toEqual({ stopReason: 'cancelled' });
  });

  test('a second prompt while one runs is refused, and the first one continues', async () => {
    await using editor = await place.connect([respond(message('One.', { deltas: ['One.'] })), done]);
    const sessionId = await place.open(editor);
    const [first, second] = await Promise.allSettled([ask(editor, sessionId, 'a'), ask(editor, sessionId, 'b')]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { stopReason: 'end_turn' } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: -32600 } });
  });
});
