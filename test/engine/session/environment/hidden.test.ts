import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../../../src/testing/index.ts';
import { type TestSession, testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

const SECRET = 'sk-very-secret-0123456789';
let home: TempDir;
let repo: TempDir;
let server: ModelServer;
let live: TestSession;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
  home.write({ 'auth.json': `{\n  "OPENAI_API_KEY": "${SECRET}"\n}\n` });
  mkdirSync(join(repo.path, 'conf/deep'), { recursive: true });
  writeFileSync(join(repo.path, 'conf/deep/key.txt'), SECRET);
  symlinkSync(join(home.path, 'auth.json'), join(repo.path, 'link'));
});
afterEach(async () => {
  await live[Symbol.asyncDispose]();
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

type Call = readonly [tool: string, args: Readonly<Record<string, unknown>>];

/** What the model gets of each call. */
async function told(calls: readonly Call[], mode: string): Promise<string[]> {
  const script = calls.map(([tool, args], at) => respond(functionCall(tool, args, `c${at}`)));
  server = await startModelServer([...script, respond(message('ok'))]);
  const overrides = [
    `sandbox_mode="${mode}"`,
    'sandbox.hidden_paths=["conf/deep"]',
    'approval_policy="never"',
    'tools.set="reader"',
  ];
  live = await testSession({ url: server.url, home: home.path, cwd: repo.path, overrides });
  await live.say('go');
  return calls.map((_, at) => String(server.requests.at(-1)?.outputOf(`c${at}`)));
}

const update = (path: string) =>
  `*** Begin Patch\n*** Update File: ${path}\n@@\n-  "OPENAI_API_KEY": "x"\n+y\n*** End Patch`;

describe('what no command can read', () => {
  test('no tool shows either: by its name, by a link, by a search, by what a patch does not find', async () => {
    const auth = join(home.path, 'auth.json');
    const outputs = await told(
      [
        ['read_file', { file_path: auth }],
        ['read_file', { file_path: join(repo.path, 'link') }],
        ['read_file', { file_path: join(repo.path, 'conf/deep/key.txt') }],
        ['apply_patch', { input: update(auth) }],
        ['shell', { command: ['apply_patch', update('link')] }],
        ['edit_file', { file_path: auth, old_string: '"OPENAI_API_KEY": "x"', new_string: 'y' }],
        ['view_image', { path: auth }],
        ['list_dir', { dir_path: join(repo.path, 'conf'), depth: 3 }],
        ['list_dir', { dir_path: join(repo.path, 'conf/deep') }],
        ['grep_files', { pattern: 'sk-very', path: '.' }],
        ['grep_files', { pattern: 'sk-very', path: auth }],
      ],
      'workspace-write',
    );
    for (const output of outputs) expect(output).not.toContain('sk-very-secret');
    for (const output of outputs.slice(7)) expect(output).not.toContain('key.txt');
    expect(outputs.slice(0, 7).filter((output) => output.includes('it is hidden here'))).toHaveLength(7);
    const [found, named] = outputs.slice(-2);
    expect(found).toMatch(/^No matches found\./);
    expect(named).toContain('it is hidden here');
  });

  test('with full access they show it, as commands do', async () => {
    const [output] = await told([['read_file', { file_path: join(home.path, 'auth.json') }]], 'danger-full-access');
    expect(output).toContain(SECRET);
  });
});
