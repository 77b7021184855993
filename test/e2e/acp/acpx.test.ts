import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { functionCall, message, respond } from '../../../src/testing/index.ts';
import { samplesOf } from '../../support/doc-pages.ts';
import { keelBin } from '../../support/keel.ts';
import { AcpPlace } from './place.ts';

const place = AcpPlace.ofFile('sandbox_mode = "danger-full-access"\napproval_policy = "untrusted"\n');
const acpx = createRequire(import.meta.url)
  .resolve('acpx/package.json')
  .replace('package.json', 'dist/cli.js');

describe('acpx', () => {
  test('a published client holds a conversation: it starts keel, approves a command and shows the answer', async () => {
    await place.serve([
      respond(functionCall('shell', { command: ['touch', 'made'] }, 'c1')),
      respond(message('It is made.')),
    ]);
    const agent = `${process.execPath} ${keelBin} acp`;
    const child = spawn(process.execPath, [acpx, '--agent', agent, '--approve-all', 'exec', 'make it'], {
      cwd: place.repo.path,
      env: {
        ...{ PATH: process.env['PATH'], HOME: place.home.path, KEEL_HOME: place.home.path },
        OPENAI_API_KEY: 'test',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect({ code: child.exitCode, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('[tool] touch made (completed)');
    expect(stdout).toContain('It is made.');
    expect(stdout).toContain('[done] end_turn');
    expect(existsSync(join(place.repo.path, 'made'))).toBe(true);
  }, 60_000);
});

test('the example of docs/acp.md runs', async () => {
  await place.serve([respond(message('A README.', { deltas: ['A ', 'README.'] }))]);
  const [example] = samplesOf('docs/acp.md', ['js']);
  place.repo.write({ 'example.mjs': example?.code ?? '' });
  // As `npm install` would have put it there.
  const modules = join(place.repo.path, 'node_modules/@agentclientprotocol');
  mkdirSync(modules, { recursive: true });
  symlinkSync(join(import.meta.dirname, '../../../node_modules/@agentclientprotocol/sdk'), join(modules, 'sdk'));
  mkdirSync(join(place.home.path, 'bin'), { recursive: true });
  symlinkSync(keelBin, join(place.home.path, 'bin/keel'));
  const PATH = `${join(place.home.path, 'bin')}:${dirname(process.execPath)}:${process.env['PATH']}`;
  const child = spawn(process.execPath, ['example.mjs'], {
    cwd: place.repo.path,
    env: { PATH, HOME: place.home.path, KEEL_HOME: place.home.path, OPENAI_API_KEY: 'test' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  expect({ code: child.exitCode, stdout, stderr }).toEqual({ code: 0, stdout: 'A README.', stderr: '' });
}, 60_000);
