import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, startFileModel } from '../../src/testing/index.ts';
import { testSession } from '../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let chair: TempDir;
let model: ModelServer | null = null;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository({ 'a.txt': 'one\n' });
  chair = tempDir();
});
afterEach(async () => {
  await model?.close();
  for (const dir of [home, repo, chair]) dir[Symbol.dispose]();
});

const requestText = (number: number) => readFileSync(join(chair.path, `00${number}-request.md`), 'utf8');

/** Sits in the model's chair: gives these answers in turn, each as soon as it is asked for. */
async function sit(...answers: readonly string[]): Promise<string> {
  const left = [...answers];
  model = await startFileModel(chair.path, {
    onRequest: (_, path) => writeFileSync(path, left.shift() ?? 'nothing more'),
  });
  return model.url;
}

async function live(url: string, overrides: readonly string[] = []) {
  return testSession({ url, home: home.path, cwd: repo.path, overrides });
}

describe('a model whose answers are files', () => {
  test.each([
    ['JSON', '{"cmd": "cat a.txt"}'],
    ['the one text that the tool requires', 'cat a.txt'],
  ])('calls tools, with arguments as %s, and is shown the results', async (_, args) => {
    await using session = await live(await sit(`I look.\n\n=== exec_command\n${args}\n`, 'It says one.\n'), [
      'model="o3"',
    ]);
    expect(await session.say('What does a.txt say?')).toMatchObject({ lastAgentMessage: 'It says one.' });
    expect(requestText(1)).toMatch(/^# Request 1\n\n## instructions\n\nYou are keel, /);
    expect(requestText(1)).toContain('### exec_command\n\nRun a shell command.');
    expect(requestText(1)).toContain('- cmd (string, required): Script for bash.');
    expect(requestText(1)).toContain('## user\n\nWhat does a.txt say?\n');
    expect(requestText(2)).toMatch(
      /^# Request 2\n\nIt continues request 1\. New in it:\n\n## result of exec_command\n\nExit code: 0\n.*\nOutput:\none\n$/,
    );
  });

  test('patches as plain text where the tool takes that', async () => {
    const patch = '*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+two\n*** End Patch';
    await using session = await live(await sit(`=== apply_patch\n${patch}\n`, 'Done.\n'), ['model="gpt-5"']);
    await session.say('Change it.');
    expect(requestText(1)).toMatch(/### apply_patch\n\n.*\n- plain text\n/);
    expect(requestText(2)).toContain('Success. Updated the following files:\nM a.txt:1\n');
    expect(readFileSync(join(repo.path, 'a.txt'), 'utf8')).toBe('two\n');
  });

  test('is shown of a second turn only what the user wrote', async () => {
    await using session = await live(await sit('First.\n', 'Second.\n'), ['model="gpt-5"']);
    await session.say('one');
    await session.say('two');
    expect(requestText(2)).toBe('# Request 2\n\nIt continues request 1. New in it:\n\n## user\n\ntwo\n');
  });

  test.each([
    ['anthropic', 'claude-sonnet-4-5'],
    ['chat', 'qwen3-coder'],
  ])('speaks the %s API too', async (wire, slug) => {
    const name = slug.startsWith('claude') ? 'exec_command' : 'shell_command';
    const url = await sit(`=== ${name}\ncat a.txt\n`, 'It says one.\n');
    await using session = await live(url, [
      `model="${slug}"`,
      'model_provider="chair"',
      `model_providers.chair={name="chair", base_url="${wire === 'chat' ? url : url.replace(/\/v1$/, '')}", wire_api="${wire}"}`,
    ]);
    expect(await session.say('go')).toMatchObject({ lastAgentMessage: 'It says one.' });
    expect(requestText(2)).toContain(`New in it:\n\n## result of ${name}\n\nExit code: 0\n`);
  });

  test('waits for a file that is still being written, and for one that comes later', async () => {
    const asked = Promise.withResolvers<string>();
    model = await startFileModel(chair.path, { onRequest: (_, path) => asked.resolve(path) });
    await using session = await live(model.url, ['model="gpt-5"']);
    const turn = session.say('go');
    writeFileSync(await asked.promise, '');
    writeFileSync(await asked.promise, 'At last.\n');
    expect(await turn).toMatchObject({ lastAgentMessage: 'At last.' });
    expect(readdirSync(chair.path).sort()).toEqual(['001-answer.md', '001-request.md']);
  });

  test('takes answers that were written before as a script', async () => {
    chair.write({ '001-answer.md': '=== no_such_tool\nx\n', '002-answer.md': 'I see.\n' });
    model = await startFileModel(chair.path);
    await using session = await live(model.url, ['model="gpt-5"']);
    expect(await session.say('go')).toMatchObject({ lastAgentMessage: 'I see.' });
    expect(requestText(2)).toContain('## result of no_such_tool\n\nunsupported call: no_such_tool\n');
  });
});
