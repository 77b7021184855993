import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KeelError } from '../../../src/foundation/protocol/index.ts';
import { loadConfig } from '../../../src/storage/config/index.ts';
import type { ExecOptions } from '../../../src/surfaces/exec/index.ts';
import { checkBeforeRun } from '../../../src/surfaces/exec/preflight.ts';
import { freshPlaces } from '../../support/fresh-places.ts';

const { home, repo } = freshPlaces();
const isRoot = process.getuid?.() === 0;

/** A run that nothing is wrong with, but for the changes. */
async function runOf(
  changes: Partial<ExecOptions> = {},
  { cwd = repo.path, key = 'sk-test', overrides = [] as readonly string[] } = {},
): Promise<ExecOptions> {
  const env = { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path, OPENAI_API_KEY: key };
  const config = await loadConfig({ env, cwd, overrides, flags: {}, systemDir: home.path });
  return {
    ...{ config, origin: { type: 'new' }, version: '0.0.0', prompt: 'fix', rollback: null, images: [] },
    ...{ outputSchema: null, program: null, color: false, skipGitRepoCheck: false, ephemeral: false },
    ...{ lastMessageFile: null, originator: 'keel_exec' },
    ...changes,
  };
}

/** What the user reads; null: the run may start. */
function faultOf(options: ExecOptions): string | null {
  try {
    checkBeforeRun(options);
    return null;
  } catch (error) {
    if (!(error instanceof KeelError)) throw error;
    return `${error.kind}: ${error.message}`;
  }
}

const inRepo = (name: string) => join(repo.path, name);

describe('before a run starts', () => {
  test('one with a repository, a key and no files passes', async () => {
    expect(faultOf(await runOf())).toBeNull();
  });

  test('a folder below the repository is as good as its root', async () => {
    mkdirSync(inRepo('a/b'), { recursive: true });
    expect(faultOf(await runOf({}, { cwd: inRepo('a/b') }))).toBeNull();
  });

  test('a folder outside of any repository is refused, with the option that allows it', async () => {
    mkdirSync(join(home.path, 'plain'));
    const place = { cwd: join(home.path, 'plain') };
    expect(faultOf(await runOf({}, place))).toMatch(
      /^invalidInput: .*plain is not inside a Git repository, where every change could be undone\. Use --skip-git-repo-check/,
    );
    expect(faultOf(await runOf({ skipGitRepoCheck: true }, place))).toBeNull();
  });

  test.each<[string, RegExp]>([
    ['nowhere', /^invalidInput: the working directory .*nowhere does not exist$/],
    ['README.md', /^invalidInput: the working directory .*README\.md is not a directory$/],
    ['README.md/x', /^invalidInput: the working directory .*x does not exist$/],
  ])('a working directory that is none is named: %s', async (name, message) => {
    const options = await runOf();
    expect(faultOf({ ...options, config: { ...options.config, cwd: inRepo(name) } })).toMatch(message);
  });

  test('without a key nothing starts, also where the configured variable is empty', async () => {
    expect(faultOf(await runOf({}, { key: '' }))).toMatch(/^missingCredentials: .*OPENAI_API_KEY/);
    const groq = { overrides: ['model_provider="groq"'] };
    expect(faultOf(await runOf({}, groq))).toMatch(/^missingCredentials: .*GROQ_API_KEY/);
  });

  test('a review by words needs words', async () => {
    expect(faultOf(await runOf({ review: { type: 'custom', instructions: ' \n' } }))).toBe(
      'invalidInput: the instructions of the review are empty',
    );
    expect(faultOf(await runOf({ review: { type: 'custom', instructions: 'look' } }))).toBeNull();
    expect(faultOf(await runOf({ review: { type: 'uncommittedChanges' } }))).toBeNull();
  });
});

describe('a picture that is to be sent', () => {
  test('may be any file that can be read', async () => {
    writeFileSync(inRepo('a.png'), 'x');
    expect(faultOf(await runOf({ images: [inRepo('a.png')] }))).toBeNull();
  });

  test.each<[string, string]>([
    ['none.png', 'there is no such file'],
    ['.git', 'it is not a file'],
    ['README.md/a.png', 'there is no such file'],
    [`${'x'.repeat(5_000)}.png`, 'there is no such file'],
  ])('is refused by name where it is none', async (name, message) => {
    writeFileSync(inRepo('sound.png'), 'x');
    const options = await runOf({ images: [inRepo('sound.png'), inRepo(name)] });
    expect(faultOf(options)).toBe(`invalidInput: --image ${inRepo(name)}: ${message}`);
  });

  test.skipIf(isRoot)('is refused where it can’t be read', async () => {
    writeFileSync(inRepo('a.png'), 'x');
    chmodSync(inRepo('a.png'), 0);
    expect(faultOf(await runOf({ images: [inRepo('a.png')] }))).toMatch(/can't be used: EACCES/);
  });
});

describe('the file for the last message', () => {
  test('may be there or not, and is not made before there is a message', async () => {
    expect(faultOf(await runOf({ lastMessageFile: inRepo('new.txt') }))).toBeNull();
    expect(existsSync(inRepo('new.txt'))).toBe(false);
    expect(faultOf(await runOf({ lastMessageFile: inRepo('README.md') }))).toBeNull();
  });

  test.each<[string, RegExp]>([
    ['.git', /\.git: it is a directory$/],
    ['nowhere/a.txt', /a\.txt: the directory .*nowhere does not exist$/],
    ['README.md/a.txt', /a\.txt: the directory .*README\.md is not a directory$/],
  ])('is refused where it could not be written: %s', async (name, message) => {
    const fault = faultOf(await runOf({ lastMessageFile: inRepo(name) }));
    expect(fault).toMatch(/^invalidInput: --output-last-message /);
    expect(fault).toMatch(message);
  });
});
