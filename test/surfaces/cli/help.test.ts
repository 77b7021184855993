import { describe, expect, test } from 'vitest';
import { settingNames } from '../../../src/storage/config/index.ts';
import { readCommandLine, splitAtCommand } from '../../../src/surfaces/cli/command-line.ts';
import type { CommandSpec } from '../../../src/surfaces/cli/command-spec.ts';
import { commands, loadTerminal } from '../../../src/surfaces/cli/commands.ts';
import { helpText } from '../../../src/surfaces/cli/help-text.ts';
import { HelpRequested } from '../../../src/surfaces/cli/usage.ts';
import { pages, textOf, words } from '../../support/doc-pages.ts';

/** Whoever comes first loads all of keel's source. */
const slow = { timeout: 120_000 };

describe.each(Object.keys(commands))('help of keel %s', (name) => {
  test('fits 80 columns and is as recorded', slow, async () => {
    const entry = commands[name];
    const { spec } = await (entry ?? { load: loadTerminal }).load();
    const text = helpText(spec);
    expect(text).toMatch(new RegExp(`^Usage: keel ${name}`));
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(text).toMatchSnapshot();
  });
});

test('help of the terminal fits 80 columns, and so does every summary', slow, async () => {
  const { spec } = await loadTerminal();
  const summaries = Object.values(commands).map(({ summary }) => `${' '.repeat(15)}${summary}`);
  expect([...helpText(spec).split('\n'), ...summaries].filter((line) => line.length > 80)).toEqual([]);
});

/** Command lines of keel on a page: in code, after other programs of a pipeline too. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.split('\n'));
  const indented = [...text.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line);
  const inline = [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...blocks, ...indented, ...inline].flatMap((line) =>
    line
      .replace(/\s+# .*$/, '')
      .replace(/^source <\((.*)\)$/, '$1')
      .replaceAll(String.raw`\|`, '/')
      .split(/ \| |; /)
      .filter((part) => /^keel( |$)/.test(part)),
  );
}

/** Commands whose first word is one of their verbs. */
const WITH_VERB = [
  'threads',
  'mcp',
  'sandbox',
  'execpolicy',
  'generate',
  'completion',
  'skills',
  'debug',
  'login',
  'provider',
];

async function check(line: string): Promise<void> {
  const [, name = '', ...rest] = words(line).filter((word) => word !== '--print' && word !== '--continue');
  if (name === 'help' || name === 'COMMAND' || name === '--help' || name === '--version') return;
  const isReview = name === 'exec' && rest[0] === 'review';
  const entry = Object.hasOwn(commands, name) ? commands[isReview ? 'review' : name] : undefined;
  const spec: CommandSpec = (await (entry?.load ?? loadTerminal)()).spec;
  const given = entry === undefined ? [name, ...rest].filter((word) => word !== '') : rest.slice(isReview ? 1 : 0);
  const takesCommand = name === 'sandbox' || name === 'execpolicy';
  const own = takesCommand ? [...given.slice(0, 1), ...splitAtCommand(given.slice(1), spec.options).own] : given;
  const { positionals } = readCommandLine(own, spec);
  const [verb] = positionals;
  if (!WITH_VERB.includes(name) || verb === undefined || verb.includes('|')) return;
  expect(Object.keys(spec.verbs ?? {}), line).toContain(verb);
}

// The roadmap names commands that are to come.
describe.each(pages.filter((page) => !page.endsWith('roadmap.md')))('%s', (page) => {
  test('has only command lines that keel takes', slow, async () => {
    for (const line of commandLines(textOf(page))) {
      try {
        await check(line);
      } catch (error) {
        if (error instanceof HelpRequested) continue;
        throw new Error(`${page}: ${line}`, { cause: error });
      }
    }
  });
});

test.each(pages)('the samples of %s run on the oldest Node.js that keel runs on', (page) => {
  const samples = [...textOf(page).matchAll(/^```[tj]s\n([\s\S]*?)^```/gm)].map(([, code = '']) => code);
  expect(samples.filter((code) => /^\s*(await )?using /m.test(code))).toEqual([]);
});

test('every setting is on a page, and every setting of the page is one', slow, async () => {
  const names = await settingNames();
  const text = pages.map(textOf).join('\n');
  const unnamed = names.filter((key) => {
    const [, table, last = key] = /^(.*)\.([^.]+)$/.exec(key) ?? [];
    const isNamed = text.includes(`\`${key}\``) || text.includes(`\`${key} =`) || text.includes(`\`${key}.NAME\``);
    return !isNamed && !(table !== undefined && text.includes(`${table}.*`) && text.includes(last));
  });
  expect(unnamed).toEqual([]);
  const rows = [...textOf('docs/config.md').matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z_.*]+)`/g)].map(([, key = '']) => key),
  );
  const isSetting = (key: string) =>
    names.some((name) => name === key || name.startsWith(key.replace(/\*$/, '')) || key.startsWith(`${name}.`));
  expect(rows.filter((key) => !key.includes('"') && !isSetting(key))).toEqual([]);
});
