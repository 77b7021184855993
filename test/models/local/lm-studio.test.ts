import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, message, respond, startModelServer, usage } from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { type KeelRun, processesWith, startKeel, until } from '../../support/keel.ts';
import { type LocalAnswers, type LocalModelsServer, startLocalModels } from '../../support/local-models.ts';
import { programDirectory } from '../../support/programs/program-directory.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';

const places = freshPlaces();
let model: ModelServer;
let studio: LocalModelsServer;
let userHome: string;

beforeEach(async () => {
  userHome = programDirectory();
  model = await startModelServer(() => respond(message('hello'), usage({ input: 1, output: 1 })));
});
afterEach(async () => {
  await studio[Symbol.asyncDispose]();
  await model.close();
});

const models = (...ids: readonly string[]) => JSON.stringify({ data: ids.map((id) => ({ id, object: 'model' })) });
const ready = { '/v1/models': models('openai/gpt-oss-20b') };

const place = (more: Readonly<Record<string, string>> = {}) => ({
  home: places.home.path,
  cwd: places.repo.path,
  url: 'http://127.0.0.1:9/v1',
  env: { CODEX_OSS_BASE_URL: `${studio.root}/v1`, HOME: userHome, ...more },
});

const OPTIONS = ['exec', '--local-provider', 'lmstudio'];

async function exec(answers: LocalAnswers, ...args: readonly string[]): Promise<KeelRun> {
  studio = await startLocalModels(answers, model.url);
  return runCommandLine([...OPTIONS, ...args], place());
}

/** Puts a program `lms` where LM Studio does. */
function installLms(script: string): void {
  const bin = join(userHome, '.lmstudio/bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'lms'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

describe('keel exec --local-provider lmstudio', () => {
  test('a model that is there is asked at once', async () => {
    expect(await exec(ready, '--json', 'hi')).toMatchObject({ code: 0, stderr: '' });
    expect(studio.asked).toEqual(['GET /v1/models']);
    expect(model.requests[0]?.body['model']).toBe('openai/gpt-oss-20b');
  });

  test('a missing model is fetched by lms, whose output is reported; it gets no key', async () => {
    installLms('printf \'%s\\n\' "$@" > "$HOME/args"; env > "$HOME/env"; printf "10 %%\\r100 %%\\rdone\\033[K\\n"');
    const run = await exec(ready, '-m', 'qwen/qwen3-4b', 'hi');
    expect(run).toMatchObject({ code: 0, stdout: 'hello\n' });
    expect(run.stderr).toContain('LM Studio does not have qwen/qwen3-4b yet and fetches it\n');
    expect(run.stderr).toContain('qwen/qwen3-4b: 10 %\nqwen/qwen3-4b: 100 %\nqwen/qwen3-4b: done\n');
    expect(readFileSync(join(userHome, 'args'), 'utf8')).toBe('get\n--yes\nqwen/qwen3-4b\n');
    expect(readFileSync(join(userHome, 'env'), 'utf8')).not.toContain('sk-test');
  });

  test('what lms says when it fails is in the error', async () => {
    installLms('echo looking; echo "no such model" >&2; exit 3');
    const run = await exec(ready, '-m', 'nope', 'hi');
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('keel: LM Studio can\'t fetch the model "nope": lms ended with 3\n');
    expect(run.stderr).toMatch(/\nno such model\n/);
    expect(model.requests).toEqual([]);
  });

  test('without lms the error says how to get the model', async () => {
    const run = await exec(ready, '-m', 'nope', 'hi');
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('its program lms is not on the PATH') });
  });

  test('a name that lms would take for an option is refused', async () => {
    installLms('touch "$HOME/called"');
    const run = await exec(ready, '--model=--all', 'hi');
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining("this isn't the name of a model") });
    expect(() => readFileSync(join(userHome, 'called'))).toThrow('ENOENT');
  });

  test('Ctrl-C while lms fetches ends it and the run', async () => {
    installLms('touch "$HOME/called"; sleep 300');
    studio = await startLocalModels(ready, null);
    const live = startKeel([...OPTIONS, '-m', 'nope', 'hi'], place());
    live.child.stdin.end();
    await until(() => processesWith(`HOME=${userHome}`).length >= 3);
    live.child.kill('SIGINT');
    expect(await live.ended).toMatchObject({ code: 130, stdout: '' });
    expect(processesWith(`HOME=${userHome}`)).toEqual([]);
  });

  test('the password of the address is not in the error', async () => {
    studio = await startLocalModels({ '/v1/models': { status: 503, body: '' } }, null);
    const CODEX_OSS_BASE_URL = `${studio.root.replace('//', '//user:a-secret@')}/v1`;
    const { stderr } = await runCommandLine([...OPTIONS, 'hi'], place({ CODEX_OSS_BASE_URL }));
    expect(stderr).toContain('http://***@127.0.0.1');
    expect(stderr).not.toContain('a-secret');
  });

  test('where no server is the error says how to start one', async () => {
    const run = await exec({ '/v1/models': { status: 503, body: '' } }, 'hi');
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/^keel: no server of LM Studio answers at .*status 503.*`lms server start`/);
  });
});
