import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { functionCall, message, respond, startModelServer } from '../../../src/testing/index.ts';
import { jsonLines, runKeel, until } from '../../support/keel.ts';
import { gitRepository, keelHome } from '../../support/temp-dir.ts';

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a server that was started with keep_running outlives the run, which lists it; any other ends with it', async () => {
  using home = keelHome();
  using repo = gitRepository();
  // Its children are orphans once their parent ends, which keel would otherwise end with the rest.
  const serve = (name: string) => `(setsid sleep 300 & echo $! > ${name}.child); echo $$ > ${name}; exec sleep 300`;
  const pid = (name: string) => Number(readFileSync(join(repo.path, name), 'utf8'));
  const server = await startModelServer([
    respond(
      functionCall('exec_command', { cmd: serve('kept'), keep_running: true, yield_time_ms: 1_000 }, 'c1'),
      functionCall('exec_command', { cmd: serve('other'), yield_time_ms: 1_000 }, 'c2'),
    ),
    respond(message('both are up')),
  ]);
  try {
    const args = ['exec', '--json', '-m', 'gpt-5', '-s', 'danger-full-access', 'go'];
    const { stdout, code } = await runKeel(args, { home: home.path, cwd: repo.path, url: server.url });
    expect(code).toBe(0);
    expect([isRunning(pid('kept')), isRunning(pid('kept.child'))]).toEqual([true, true]);
    await until(() => !isRunning(pid('other')) && !isRunning(pid('other.child')));
    const said = JSON.stringify(jsonLines(stdout));
    expect(said).toContain(`Still running, also when keel has ended: process ${pid('kept')}: `);
    expect(said).toContain('Ended with this run, since they still ran: session 2: ');
    expect(server.requests[1]?.outputOf('c1')).toContain('It keeps running after this run.');
  } finally {
    await server.close();
    for (const name of ['kept', 'kept.child'].filter((each) => existsSync(join(repo.path, each)))) {
      if (isRunning(pid(name))) process.kill(pid(name), 'SIGKILL');
    }
  }
});
