import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, message, respond, startModelServer, usage } from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { jsonLines, type KeelRun, startKeel, until } from '../../support/keel.ts';
import { type LocalAnswers, type LocalModelsServer, startLocalModels } from '../../support/local-models.ts';
import { runCommandLine } from '../../support/programs/resident-keel.ts';

const places = freshPlaces();
let model: ModelServer;
let ollama: LocalModelsServer;

beforeEach(async () => {
  model = await startModelServer(() => respond(message('hello'), usage({ input: 1, output: 1 })));
});
afterEach(async () => {
  await ollama[Symbol.asyncDispose]();
  await model.close();
});

const version = (text: string) => JSON.stringify({ version: text });
const tags = (...names: readonly string[]) => JSON.stringify({ models: names.map((name) => ({ name, size: 1 })) });
const lines = (...values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
const ready = { '/api/version': version('0.13.5'), '/api/tags': tags('gpt-oss:20b', 'qwen3:latest') };

const place = () => ({
  home: places.home.path,
  cwd: places.repo.path,
  url: 'http://127.0.0.1:9/v1',
  env: { CODEX_OSS_BASE_URL: `${ollama.root}/v1/` },
});

/** `keel exec --oss` with a server that answers so. */
async function exec(answers: LocalAnswers, ...args: readonly string[]): Promise<KeelRun> {
  ollama = await startLocalModels(answers, model.url);
  return runCommandLine(['exec', '--oss', ...args], place());
}

describe('keel exec --oss and Ollama', () => {
  test('a model that is there is asked at once, without a key and without a word', async () => {
    const run = await exec(ready, '--json', 'hi');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(jsonLines(run.stdout).at(-1)?.type).toBe('turn.completed');
    expect(ollama.asked).toEqual(['GET /api/version', 'GET /api/tags']);
    expect(model.requests[0]?.body['model']).toBe('gpt-oss:20b');
    expect(model.requests[0]?.headers['authorization']).toBeUndefined();
  });

  test('a name without a tag is the latest', async () => {
    expect(await exec(ready, '--json', '-m', 'qwen3', 'hi')).toMatchObject({ code: 0 });
    expect(ollama.asked).toHaveLength(2);
  });

  test('a missing model is fetched with its progress reported, then asked', async () => {
    const part = { status: 'pulling e7b2', digest: 'sha256:e7b2', total: 13_800_000_000 };
    const run = await exec(
      {
        ...ready,
        '/api/pull': lines(
          { status: 'pulling manifest' },
          { ...part, completed: 1_380_000_000 },
          { ...part, completed: 13_800_000_000 },
          { status: 'verifying sha256 digest\u001b[2J' },
          { status: 'success' },
        ),
      },
      '-m',
      'llama3:8b',
      'hi',
    );
    expect(run).toMatchObject({ code: 0, stdout: 'hello\n' });
    expect(ollama.asked.at(-1)).toBe('POST /api/pull {"model":"llama3:8b","stream":true}');
    expect(run.stderr).toContain(
      'Ollama 0.13.5 does not have llama3:8b yet and fetches it\nllama3:8b: pulling manifest\n',
    );
    expect(run.stderr).toContain('llama3:8b: 13.8 GB of 13.8 GB (100 %)\nllama3:8b: verifying sha256 digest\n');
    expect(model.requests[0]?.body['model']).toBe('llama3:8b');
  });

  test.each([
    ['in a good answer', lines({ status: 'pulling manifest' }, { error: 'pull model manifest: file does not exist' })],
    ['as a bad status', { status: 500, body: '{"error":"pull model manifest: file does not exist"}' }],
  ])('model 37: a fetch that fails %s ends the start with the words of the server', async (_how, answer) => {
    const run = await exec({ ...ready, '/api/pull': answer }, '--json', '-m', 'nope', 'hi');
    expect(run.code).toBe(1);
    expect(jsonLines(run.stdout)).toMatchObject([{ type: 'turn.failed' }]);
    expect(run.stderr).toContain(
      'keel: Ollama can\'t fetch the model "nope": pull model manifest: file does not exist\n',
    );
    expect(model.requests).toEqual([]);
  });

  test.each([
    ['ends too early', lines({ status: 'pulling manifest' }), 'the answer ended before the model was there'],
    ['is no JSON', '<html>', "something that isn't a JSON object"],
    ['is refused without words', { status: 403, body: '' }, 'status 403'],
  ])('a fetch that %s ends the start as well', async (_how, answer, words) => {
    const run = await exec({ ...ready, '/api/pull': answer }, '--json', '-m', 'nope', 'hi');
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining(words) });
    expect(jsonLines(run.stdout)).toMatchObject([
      { type: 'turn.failed', error: { message: expect.stringContaining(words) } },
    ]);
  });

  test('Ctrl-C while a model is fetched ends the fetch and the run', async () => {
    ollama = await startLocalModels(
      { ...ready, '/api/pull': { hangsAfter: lines({ status: 'pulling manifest' }) } },
      null,
    );
    const live = startKeel(['exec', '--oss', '-m', 'nope', 'hi'], place());
    live.child.stdin.end();
    await until(() => ollama.asked.length === 3);
    live.child.kill('SIGINT');
    expect(await live.ended).toMatchObject({ code: 130, stdout: '' });
    await ollama.left;
  });

  test('an older server is spoken to with Chat Completions, and that is said', async () => {
    const run = await exec({ ...ready, '/api/version': version('0.12.11') }, '--json', 'hi');
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('Ollama 0.12.11 has no Responses API') });
    expect(model.requests[0]?.body['messages']).toBeDefined();
  });

  test.each(['0.13.4', '0.14.0', '1.0.0', '0.0.0'])('version %s speaks the Responses API', async (text) => {
    expect(await exec({ ...ready, '/api/version': version(text) }, '--json', 'hi')).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(model.requests[0]?.body['input']).toBeDefined();
  });

  test('another server with the same API is used as it is', async () => {
    const run = await exec({}, '--json', 'hi');
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('does not list its models') });
    expect(model.requests).toHaveLength(1);
  });

  test('where no server is the error says how to start one', async () => {
    ollama = await startLocalModels({}, null);
    const options = place();
    await ollama[Symbol.asyncDispose]();
    const run = await runCommandLine(['exec', '--oss', 'hi'], options);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/^keel: no Ollama server answers at http:.*ECONNREFUSED.*`ollama serve`/);
  });

  test('keel doctor reports the server and the model, and fetches nothing', async () => {
    ollama = await startLocalModels(ready, null);
    const doctor = async (name: string) => {
      places.home.write({ 'config.toml': `model_provider = "ollama"\nmodel = "${name}"\n` });
      return (await runCommandLine(['doctor'], place())).stdout;
    };
    expect(await doctor('qwen3')).toContain('ok    local model: Ollama 0.13.5 has qwen3\n');
    expect(await doctor('nope')).toContain('note  local model: Ollama 0.13.5 will fetch nope when it is used\n');
    expect(ollama.asked.filter((line) => line.startsWith('POST'))).toEqual([]);
  });
});
