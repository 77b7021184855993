import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../../../src/testing/index.ts';
import { testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';
import { untilDeath } from '../../../support/sessions/until-death.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);

beforeEach(async () => {
  home = tempDir();
  repo = gitRepository();
  server = await startModelServer((_, index) =>
    index === 0
      ? respond(
          shell('echo zero >> log', 'c0'),
          shell('echo one >> log', 'c1'),
          functionCall('shell', { command: ['ls'] }, 'c2'),
          functionCall('apply_patch', { input: '*** Begin Patch\n*** Add File: made\n+x\n*** End Patch\n' }, 'c3'),
        )
      : respond(message('done')),
  );
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** Each death is a process that starts from the sources, milliseconds. */
const SLOW_MS = 90_000;
const place = () => ({
  url: server.url,
  home: home.path,
  cwd: repo.path,
  overrides: ['sandbox_mode="workspace-write"'],
});
const rest = { text: null, decision: null };
const log = () => (existsSync(join(repo.path, 'log')) ? readFileSync(join(repo.path, 'log'), 'utf8') : '');

async function continued(id: string): Promise<readonly string[]> {
  const options = { origin: { type: 'resume', id }, unfinishedTurn: 'continue' } as const;
  await using live = await testSession({ ...place(), options });
  await live.next('turn.completed');
  return ['c0', 'c1', 'c2', 'c3'].map((call) => String(server.requests.at(-1)?.outputOf(call)));
}

test(
  'a call behind one of unknown outcome is not run before the model has heard of it',
  async () => {
    const id = await untilDeath({ place: place(), ...rest, resume: null, text: 'go', dieAfter: '"state":"started"' });
    const [first = '', ...others] = await continued(id);
    expect(first).toContain('unknown outcome');
    for (const output of others) expect(output).toMatch(/^not run: .*whose outcome is not known$/);
    expect(log()).not.toContain('one');
    expect(existsSync(join(repo.path, 'made'))).toBe(false);
  },
  SLOW_MS,
);

test(
  'nor after another death, behind the record of that outcome',
  async () => {
    const id = await untilDeath({ place: place(), ...rest, resume: null, text: 'go', dieAfter: '"state":"started"' });
    await untilDeath({ place: place(), ...rest, resume: id, dieAfter: 'unknown outcome' });
    const [first = '', ...others] = await continued(id);
    expect(first).toContain('unknown outcome');
    for (const output of others) expect(output).toMatch(/^not run: /);
    expect(log()).not.toContain('one');
  },
  SLOW_MS,
);

test(
  'a call behind one whose end was written runs',
  async () => {
    const id = await untilDeath({ place: place(), ...rest, resume: null, text: 'go', dieAfter: '"state":"done"' });
    const [first = '', second = ''] = await continued(id);
    expect([first, second].join()).not.toMatch(/unknown|not run/);
    expect(log()).toBe('zero\none\n');
  },
  SLOW_MS,
);
