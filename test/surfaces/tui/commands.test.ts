import { describe, expect, test } from 'vitest';
import { filledPrompt } from '../../../src/surfaces/prompts/index.ts';
import { Driver } from './driver.ts';

describe('prompts of MCP servers', () => {
  const explain = {
    server: 'notes',
    name: 'explain',
    description: 'Explains a file.',
    arguments: [{ name: 'file', required: true }, { name: 'style' }],
  };
  const withPrompts = () => {
    const driver = Driver.ready();
    driver.send({ type: 'serverPromptsRead', prompts: [explain, { server: 'notes', name: 'two words' }] });
    return driver;
  };
  const filled = (driver: Driver) => driver.effects.filter(({ type }) => type === 'fillServerPrompt');

  test('are asked for when the list of commands opens, once', () => {
    const driver = withPrompts();
    driver.type('/mc');
    expect(driver.effects.filter(({ type }) => type === 'readServerPrompts')).toHaveLength(1);
  });

  test('are completed by their names, without those that can not be typed', () => {
    const driver = withPrompts();
    driver.type('/notes');
    expect(driver.live().join('\n')).toContain('mcp:notes:explain');
    expect(driver.live().join('\n')).not.toContain('two words');
    driver.key('tab');
    expect(driver.draft()).toBe('/mcp:notes:explain ');
  });

  test('are filled by their server, and sent', () => {
    const driver = withPrompts();
    driver.type('/mcp:notes:explain a.ts style="a poem"');
    driver.key('enter');
    expect(filled(driver)).toEqual([
      { type: 'fillServerPrompt', prompt: explain, args: { file: 'a.ts', style: 'a poem' } },
    ]);
    expect(driver.sent()).toEqual([]);
    driver.send({ type: 'serverPromptFilled', text: 'Explain a.ts.\n' });
    expect(driver.sent()).toEqual(['Explain a.ts.']);
  });

  test.each([
    ['/mcp:notes:explain', 'needs file'],
    ['/mcp:notes:explain "a', 'a quote is not closed'],
    ['/mcp:notes:nope', 'There is no prompt /mcp:notes:nope'],
  ])('%s says what is wrong and keeps the draft', (typed, reason) => {
    const driver = withPrompts();
    driver.type(typed);
    driver.key('escape');
    driver.key('enter');
    expect(driver.rows().join(' ')).toContain(reason);
    expect(driver.draft()).toBe(typed);
    expect(filled(driver)).toEqual([]);
  });
});

describe('17: slash commands', () => {
  test('/di, Tab and Enter run /diff', () => {
    const driver = Driver.ready();
    driver.type('/di');
    driver.key('tab');
    expect(driver.draft()).toBe('/diff ');
    driver.key('enter');
    expect(driver.effects).toContainEqual({ type: 'readDiff' });
    expect(driver.draft()).toBe('');
  });

  test.each([
    ['/nope', { type: 'serverPromptsRead', prompts: [] }],
    ['$nope', { type: 'skillsRead', skills: [] }],
    ['@nope', { type: 'filesFound', query: 'nope', files: [] }],
  ] as const)('what was read for %s, which nothing matches, asks for nothing again', (typed, answer) => {
    const driver = Driver.ready();
    driver.type(typed);
    driver.effects = [];
    driver.send(answer);
    expect(driver.effects).toEqual([]);
    expect(driver.draft()).toBe(typed);
  });

  test('an unknown one says so and keeps the draft', () => {
    const driver = Driver.ready();
    driver.type('/nope');
    driver.key('enter');
    expect(driver.draft()).toBe('/nope');
    expect(driver.rows().join('\n')).toContain('There is no command /nope');
    expect(driver.ops()).toEqual([]);
  });

  test.each([' /nope', '/a/b'])('"%s" is sent as text', (text) => {
    const driver = Driver.ready();
    driver.type(text);
    driver.key('enter');
    expect(driver.sent()).toEqual([text.trim()]);
  });

  test('/model is refused by its name while a turn runs, and its text stays', () => {
    const driver = Driver.ready();
    driver.turn();
    driver.type('/model');
    driver.key('escape');
    driver.key('enter');
    expect(driver.rows().join('\n')).toContain("/model can't be used while a turn runs");
    expect(driver.draft()).toBe('/model');
  });

  test('/status shows the thread, its settings and its use of the window', () => {
    const driver = Driver.ready();
    driver.type('/status');
    driver.key('enter');
    const text = driver.rows().join('\n');
    for (const fact of ['gpt-5-codex', '/home/ada/app', 'thread-1', 'auto']) expect(text).toContain(fact);
  });

  test('a model and its effort hold for later turns', () => {
    const driver = Driver.ready();
    driver.type('/model gpt-5.1 high');
    driver.key('enter');
    const settings = { model: 'gpt-5.1', effort: 'high' };
    expect(driver.ops()).toEqual([{ type: 'overrideTurnContext', settings }]);
    expect(driver.live().join('\n')).toContain('gpt-5.1 high');
  });

  test('full access is confirmed first', () => {
    const driver = Driver.ready();
    driver.type('/approvals');
    driver.key('enter');
    for (const _ of [1, 2]) driver.key('down');
    driver.type('4');
    expect(driver.ops()).toEqual([]);
    expect(driver.live().join('\n')).toContain('Turn the sandbox and all questions off?');
    driver.key('enter');
    expect(driver.ops()).toEqual([]);
  });

  test('/copy 1 copies the first code block of the last answer and nothing else', () => {
    const driver = Driver.ready();
    driver.turn();
    driver.item({ type: 'agentMessage', id: 'a', text: 'See:\n\n```ts\nconst a = 1;\n```\n' });
    driver.type('/copy 1');
    driver.key('enter');
    expect(driver.effects).toContainEqual({ type: 'copy', text: 'const a = 1;\n' });
  });
});

describe('prompts of one’s own', () => {
  test.each([
    ['Fix $1 in $2', 'a "b c"', 'Fix a in b c'],
    ['All: $ARGUMENTS', "x 'y z'", 'All: x y z'],
    ['Costs $$5 and $3', 'a', 'Costs $$5 and '],
    ['$NAME likes $FOOD', 'NAME=Ada FOOD="green tea"', 'Ada likes green tea'],
  ])('%s with %s', (body, argument, text) => {
    expect(filledPrompt('p', body, argument)).toEqual({ type: 'filled', text });
  });

  test.each([
    ['$NAME', 'other', /"other" is not of the form KEY=value/],
    ['$NAME $FOOD', 'NAME=x', /needs FOOD/],
    ['$1', '"open', /quote is not closed/],
  ])('%s with %s says what is wrong', (body, argument, reason) => {
    expect(filledPrompt('p', body, argument)).toMatchObject({ type: 'fault', reason: expect.stringMatching(reason) });
  });

  test('one that fails leaves the text in the composer; one that is filled is sent', () => {
    const driver = Driver.ready();
    const prompt = { name: 'greet', description: '', argumentHint: '', body: 'Say hello to $NAME' };
    driver.send({ type: 'promptsRead', prompts: [prompt] });
    driver.type('/prompts:greet x');
    driver.key('enter');
    expect(driver.draft()).toBe('/prompts:greet x');
    driver.key('ctrl+c');
    driver.type('/prompts:greet NAME=Ada');
    driver.key('enter');
    expect(driver.sent()).toEqual(['Say hello to Ada']);
  });
});
