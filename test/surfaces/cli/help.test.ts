import { describe, expect, test } from 'vitest';
import { commands, loadTerminal } from '../../../src/surfaces/cli/commands.ts';
import { helpText } from '../../../src/surfaces/cli/help-text.ts';

describe.each(Object.keys(commands))('help of keel %s', (name) => {
  // The first one loads all of keel's source.
  test('fits 80 columns and is as recorded', { timeout: 120_000 }, async () => {
    const entry = commands[name];
    const { spec } = await (entry ?? { load: loadTerminal }).load();
    const text = helpText(spec);
    expect(text).toMatch(new RegExp(`^Usage: keel ${name}`));
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(text).toMatchSnapshot();
  });
});

test('help of the terminal fits 80 columns, and so does every summary', { timeout: 120_000 }, async () => {
  const { spec } = await loadTerminal();
  const lines = [
    ...helpText(spec).split('\n'),
    ...Object.values(commands).map(({ summary }) => `${' '.repeat(15)}${summary}`),
  ];
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
