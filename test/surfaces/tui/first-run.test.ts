import { expect, test } from 'vitest';
import { Driver, SETUP } from './driver.ts';

const connect = { reason: 'No API key found.', takesKey: true };

function asked(more: Partial<typeof connect> = {}): Driver {
  const driver = new Driver();
  driver.send({ type: 'setUp', setup: { ...SETUP, connect: { ...connect, ...more } } });
  return driver;
}

const shown = (driver: Driver) => driver.live().join('\n');

test('without a key keel asks how to reach a model, and looks for servers on this machine', () => {
  const driver = asked();
  expect(shown(driver)).toContain('No API key found.');
  expect(driver.effects).toContainEqual({ type: 'findServers' });
  driver.key('down');
  driver.send({ type: 'serversFound', servers: [{ kind: 'ollama', name: 'Ollama 0.13.5', models: ['a:7b', 'b'] }] });
  expect(shown(driver)).toMatch(
    /Enter an API key.*\n.*Use Ollama 0\.13\.5 on this machine +2 models\n› 3\. Try the demo/,
  );
  driver.type('2');
  driver.type('2');
  expect(driver.effects).toContainEqual({ type: 'useServer', kind: 'ollama', model: 'b' });
});

test('a key that is entered is in no row, and in no draft', () => {
  const driver = asked();
  driver.key('enter');
  driver.paste('sk-secret');
  driver.type('-9');
  expect(shown(driver)).toContain(`› ${'•'.repeat(11)}`);
  expect(driver.rows().join('\n')).not.toContain('sk-secret');
  driver.key('enter');
  expect(driver.effects.at(-1)).toEqual({ type: 'storeKey', key: 'sk-secret-9' });
  expect(driver.draft()).toBe('');
  expect(JSON.stringify(driver.state)).not.toContain('sk-secret');
});

test('Esc in the entry of the key goes back, Esc in the list leaves keel', () => {
  const driver = asked();
  driver.key('enter');
  driver.key('escape');
  expect(shown(driver)).toContain('How should keel reach a model?');
  driver.key('escape');
  expect(driver.effects.at(-1)).toEqual({ type: 'exit', code: 0 });
});

test('a provider that takes its key from a variable alone is not asked for one', () => {
  const driver = asked({ takesKey: false });
  expect(shown(driver)).not.toContain('Enter an API key');
  driver.type('1');
  expect(driver.effects.at(-1)).toEqual({ type: 'startDemo' });
});

test('the question about trust comes after the one about the model', () => {
  const driver = new Driver();
  const trustQuestion = { folder: '/home/ada/app', counts: [] };
  driver.send({ type: 'setUp', setup: { ...SETUP, connect, trustQuestion } });
  expect(shown(driver)).not.toContain('trust');
  driver.send({ type: 'setUp', setup: { ...SETUP, trustQuestion } });
  expect(shown(driver)).toContain('Do you trust what is in /home/ada/app?');
});
