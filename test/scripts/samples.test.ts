import { execFile } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/storage/config/index.ts';
import { pages, type Sample, samplesOf, shellLines } from '../support/doc-pages.ts';
import { tempDir } from '../support/temp-dir.ts';

const root = join(import.meta.dirname, '../..');
const all = (...languages: readonly string[]) => pages.flatMap((page) => samplesOf(page, languages));

test.each(all('toml'))('$name: the settings are taken as they are, with --strict-config', async ({ code }) => {
  using home = tempDir();
  const files = [...code.matchAll(/_file = "([^"]+)"/g)].map(([, name = '']) => [name, 'text']);
  home.write({ 'config.toml': code, ...Object.fromEntries(files) });
  const config = await loadConfig({
    env: { HOME: home.path, KEEL_HOME: home.path },
    cwd: home.path,
    overrides: [],
    flags: {},
    strict: true,
    systemDir: home.path,
  });
  expect(config.warnings).toEqual([]);
});

test.each(all('json'))('$name is JSON', ({ code }) => {
  const isLines = code.split('\n').every((line) => line === '' || /^\{.*\}$/.test(line));
  const texts = isLines ? code.trimEnd().split('\n') : [code];
  expect(texts.map((text) => typeof JSON.parse(text))).toEqual(texts.map(() => 'object'));
});

/** What a sample takes from the text around it. */
const AROUND: Readonly<Record<string, string>> = {
  Keel: "import { Keel } from 'keel';",
  thread: "declare const thread: import('keel').Thread;",
  database: 'declare const database: { lateOrders(minDays: number, signal: AbortSignal): Promise<string[]> };',
  engine: 'declare const engine: { chat(...given: unknown[]): AsyncIterable<string> };',
  confirm: 'declare const confirm: (request: unknown) => Promise<boolean>;',
};

function whole({ code }: Sample): string {
  const isMissing = (name: string) =>
    new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`(?:const|import \\{[^}]*)\\s*\\b${name}\\b`).test(code);
  const missing = Object.entries(AROUND).flatMap(([name, line]) => (isMissing(name) ? [line] : []));
  return `${missing.join('\n')}\n${code}\nexport {};\n`;
}

test('the samples in TypeScript and JavaScript have no type errors', { timeout: 120_000 }, async () => {
  using dir = tempDir();
  const samples = all('ts', 'js').filter(({ code }) => !code.startsWith('{'));
  expect(samples.length).toBeGreaterThan(7);
  const nameOf = ({ name }: Sample) => `${name.replaceAll(/\W/g, '-')}.mts`;
  dir.write(Object.fromEntries(samples.map((sample) => [nameOf(sample), whole(sample)])));
  const paths = {
    keel: [join(root, 'src/surfaces/sdk/index.ts')],
    'keel/testing': [join(root, 'src/testing/index.ts')],
  };
  const compilerOptions = { paths, noImplicitAny: false, noUncheckedIndexedAccess: false };
  symlinkSync(join(root, 'node_modules'), join(dir.path, 'node_modules'));
  dir.write({
    'package.json': '{"type":"module"}',
    'tsconfig.json': JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.mts'] }),
  });
  const tsc = join(root, 'node_modules/.bin/tsc');
  const run = promisify(execFile)(tsc, ['-p', dir.path], { cwd: dir.path });
  const printed = await run.then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
  // What keel's own files are checked by is stricter: `npm run types`.
  expect(printed.split('\n').filter((line) => /^(docs|README)-/.test(line))).toEqual([]);
});

test('every script of npm that a page names is one', async () => {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  const named = pages.flatMap((page) =>
    shellLines(page).flatMap((line) => [...line.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name)),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !Object.hasOwn(manifest.scripts, name))).toEqual([]);
});
