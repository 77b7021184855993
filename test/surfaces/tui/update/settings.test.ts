import { describe, expect, test } from 'vitest';
import type { Turn } from '../../../../src/foundation/protocol/index.ts';
import { answer, threadStarted } from '../../sample-items.ts';
import { Driver, SETUP } from '../driver.ts';

function typed(driver: Driver, text: string): Driver {
  driver.type(text);
  driver.key('enter');
  return driver;
}

describe('/model with other providers', () => {
  const acme = { id: 'acme', label: 'Acme' };
  const others = [
    { provider: acme, name: 'anvil-2', efforts: ['low'] },
    { provider: { id: 'own', label: 'My server' }, name: null, efforts: null },
  ];
  const list = (models = others, setup: Parameters<typeof Driver.ready>[2] = {}) => {
    const driver = typed(Driver.ready(80, 24, setup), '/model ');
    driver.send({ type: 'otherModelsRead', models });
    driver.effects = [];
    return driver;
  };
  const ready = (threadId = 'thread-1') => ({
    ...{ type: 'providerReady' as const, threadId, setup: { ...SETUP, provider: 'Acme' } },
    ...{ model: 'anvil-2', effort: 'low' },
  });
  const many = Array.from({ length: 45 }, (_, at) => ({ name: `model-${at}`, efforts: null }));

  test('they are read when the list opens, and join it once, behind its own', () => {
    const driver = typed(Driver.ready(), '/model ');
    expect(driver.effects.at(-1)).toEqual({ type: 'readOtherModels' });
    for (const _ of [1, 2]) driver.send({ type: 'otherModelsRead', models: others });
    expect(driver.live().join('\n')).toMatch(/1\. gpt-5-codex.*\n.*2\. anvil-2 +Acme\n.*3\. A model of My server/);
  });

  test('a thread without a record, which can not be opened again, has the list of its provider alone', () => {
    const driver = new Driver();
    driver.send({ type: 'setUp', setup: SETUP });
    driver.event(threadStarted({ rolloutPath: null }));
    typed(driver, '/model ');
    expect(driver.effects.some(({ type }) => type === 'readOtherModels')).toBe(false);
    expect(driver.state.screen).toMatchObject({ view: { isLoading: false } });
  });

  test('models that are read after the list was closed change nothing', () => {
    const driver = typed(Driver.ready(), '/model ');
    driver.key('escape');
    const before = driver.state;
    driver.send({ type: 'otherModelsRead', models: others });
    expect(driver.state).toBe(before);
  });

  test('a list that digits do not reach is searched, by the names of models and providers', () => {
    const driver = list(others, { models: many });
    driver.type('acme');
    expect(driver.live().join('\n')).toMatch(/› acme\n› anvil-2 +Acme\n/);
    driver.key('enter');
    expect(driver.live().join('\n')).toContain('How much should anvil-2 think?');
  });

  test('a short list that becomes long is searched from then on, and the selected entry stays', () => {
    const driver = typed(Driver.ready(80, 24, { models: many.slice(0, 7) }), '/model ');
    driver.key('down');
    driver.send({ type: 'otherModelsRead', models: others });
    expect(driver.live().join('\n')).toMatch(/type to search\n.*gpt-5-codex.*\n› model-0/);
  });

  test('one of them asks for its own efforts, and then for its provider', () => {
    const driver = list();
    driver.type('2');
    expect(driver.live().join('\n')).toMatch(/1\. default \(current\)\n.*2\. low\n/);
    driver.type('2');
    expect(driver.effects).toEqual([
      { type: 'prepareProvider', threadId: 'thread-1', choice: { provider: 'acme', model: 'anvil-2' }, effort: 'low' },
    ]);
    expect(driver.state.thread?.settings.model).toBe('gpt-5-codex');
  });

  test('one without a name is named by the user; Esc goes nowhere', () => {
    const driver = list();
    driver.type('3');
    expect(driver.live().join('\n')).toContain('Which model of My server?');
    driver.key('escape');
    expect(driver.state.screen).toBeNull();
    const again = list();
    again.type('3');
    again.type('quen');
    again.key('backspace');
    again.type('q');
    again.key('enter');
    again.key('enter');
    expect(again.effects).toEqual([
      { type: 'prepareProvider', threadId: 'thread-1', choice: { provider: 'own', model: 'queq' }, effort: null },
    ]);
  });

  test('a change of provider opens the same thread again with its mode, and shows nothing of it twice', () => {
    const driver = Driver.ready();
    driver.type('one');
    driver.key('enter');
    driver.turn();
    driver.item({ type: 'userMessage', id: 'u1', content: [{ type: 'text', text: 'one' }] });
    driver.item(answer('First answer.'));
    driver.turnEnds();
    driver.key('shift+tab');
    const { settings = SETUP.settings } = driver.state.thread ?? {};
    driver.effects = [];
    driver.send(ready());
    const own = { ...settings, model: 'anvil-2', effort: 'low' };
    expect(driver.effects).toEqual([
      { type: 'takeProvider' },
      { type: 'openThread', origin: { type: 'resume', id: 'thread-1' }, settings: own },
      { type: 'keep', setting: { type: 'model', model: 'anvil-2', effort: 'low' } },
    ]);
    driver.send({ type: 'opens', settings: own, changes: [] });
    const items = [
      { type: 'userMessage' as const, id: 'u1', content: [{ type: 'text' as const, text: 'one' }] },
      answer('First answer.'),
    ];
    const turns: Turn[] = [{ id: 't1', items, status: 'completed', error: null }];
    driver.event(
      threadStarted({
        threadId: 'thread-1',
        rolloutPath: '/rollout',
        cwd: SETUP.settings.cwd,
        model: 'anvil-2',
        effort: 'low',
        turns,
      }),
    );
    const text = driver.rows().join('\n');
    expect(text.split('First answer.')).toHaveLength(2);
    expect(text).toContain('Model: anvil-2 (low) of Acme, from the next turn on.');
    expect(driver.state.thread).toMatchObject({ id: 'thread-1', messages: ['one'], settings: own });
    expect(driver.state.setup?.provider).toBe('Acme');
  });

  test('a thread that is opened later, after another one, is shown again', () => {
    const driver = Driver.ready();
    typed(driver, '/new ');
    driver.event(threadStarted({ threadId: 'thread-2', turns: [] }));
    typed(driver, '/resume thread-1');
    const turns: Turn[] = [{ id: 't1', items: [answer('First answer.')], status: 'completed', error: null }];
    driver.event(threadStarted({ threadId: 'thread-1', turns }));
    expect(driver.rows().join('\n')).toContain('First answer.');
  });

  test('a provider that is ready while a turn runs changes nothing', () => {
    const driver = list();
    driver.turn();
    driver.send(ready());
    expect(driver.effects).toEqual([]);
    expect(driver.state.setup?.provider).toBe('test');
    expect(driver.rows().join('\n')).toContain('Use /model again when it has ended.');
  });

  test('a message that was just sent keeps its model, and is not sent again', () => {
    const driver = typed(Driver.ready(), 'hello');
    driver.effects = [];
    driver.send(ready());
    expect(driver.effects).toEqual([]);
    expect(driver.state.outbox.map(({ status }) => status)).toEqual(['sent']);
  });

  test('a provider that is ready after another thread was opened is not that thread’s', () => {
    const driver = Driver.ready();
    typed(driver, '/new ');
    driver.effects = [];
    driver.send(ready());
    driver.event(threadStarted({ threadId: 'thread-2', turns: [] }));
    driver.send(ready());
    expect(driver.effects).toEqual([]);
    expect(driver.state.thread?.id).toBe('thread-2');
    expect(driver.state.setup?.provider).toBe('test');
    expect(driver.rows().join('\n')).toContain('its thread is not open now');
  });

  test('a list that is open when the provider is ready closes, since no thread is there for its choice', () => {
    const driver = list();
    driver.send(ready());
    expect(driver.state.screen).toBeNull();
    expect(driver.state.thread).toBeNull();
  });

  test('the pager, a draft and a queue that are there when the provider is ready stay', () => {
    const driver = Driver.ready();
    driver.turn();
    driver.type('later');
    driver.key('tab');
    driver.key('escape');
    driver.turnEnds('interrupted');
    driver.type('half a th');
    driver.key('ctrl+t');
    driver.effects = [];
    driver.send(ready());
    expect(driver.effects[0]).toEqual({ type: 'takeProvider' });
    expect(driver.state.screen?.type).toBe('pager');
    driver.event(threadStarted({ threadId: 'thread-1', rolloutPath: '/rollout' }));
    expect(driver.state.screen?.type).toBe('pager');
    expect(driver.draft()).toBe('half a th');
    expect(driver.state.outbox.map(({ status }) => status)).toEqual(['queued']);
    expect(driver.sent()).toEqual([]);
  });

  test('a setting that can not be kept while the thread opens again does not have it shown twice', () => {
    const driver = Driver.ready();
    driver.send(ready());
    driver.send({ type: 'failed', reason: 'config.toml is read-only' });
    const turns: Turn[] = [{ id: 't1', items: [answer('First answer.')], status: 'completed', error: null }];
    driver.event(threadStarted({ threadId: 'thread-1', rolloutPath: '/rollout', turns }));
    expect(driver.rows().join('\n')).not.toContain('First answer.');
  });

  test('a change that fails leaves the thread as it is', () => {
    const driver = list();
    driver.type('2');
    driver.type('1');
    driver.send({ type: 'failed', reason: 'Missing environment variable: `ACME_KEY`.' });
    expect(driver.state.thread?.id).toBe('thread-1');
    expect(driver.rows().join('\n')).toContain('ACME_KEY');
  });
});
