import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { functionCall, message, respond } from '../../../../src/testing/index.ts';
import { until } from '../../../support/keel.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { home, live, open, repo, server } = liveSession();

const ok = respond(message('ok'));
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);

describe('what commands find', () => {
  test('the login shell is asked once: what it sets is there, its secrets are not', async () => {
    home.write({ '.bash_profile': 'export FROM_PROFILE=yes MY_TOKEN=hush\n', '.profile': 'export FROM_PROFILE=yes\n' });
    await open([respond(shell('echo "$FROM_PROFILE/$MY_TOKEN/$OPENAI_API_KEY"', 'c1')), ok]);
    await live.say('go');
    expect(server.requests[1]?.outputOf('c1')).toContain('yes//');
  });

  test('a command that opens an editor fails at once and says what to do instead', async () => {
    const overrides = ['shell_environment_policy.set={VISUAL="mine"}'];
    const who = 'git -c user.name=a -c user.email=a@b.invalid';
    const script = `${who} commit --allow-empty 2>&1; ${who} rebase -i --root 2>&1; echo "<$VISUAL>"`;
    await open([respond(shell(script, 'c1')), ok], { overrides });
    await live.say('go');
    const output = String(server.requests[1]?.outputOf('c1'));
    expect(output).toContain('There is no editor here. Pass the text with the command');
    expect(output.match(/problem with the editor/g)).toHaveLength(2);
    expect(output).toContain('<mine>');
  });

  test('a profile can be left out', async () => {
    home.write({ '.bash_profile': 'export FROM_PROFILE=yes\n', '.profile': 'export FROM_PROFILE=yes\n' });
    const overrides = ['shell_environment_policy.experimental_use_profile=false'];
    await open([respond(shell('echo "<$FROM_PROFILE>"', 'c1')), ok], { overrides });
    await live.say('go');
    expect(server.requests[1]?.outputOf('c1')).toContain('<>');
  });

  test('rg and apply_patch are on the path, also where neither is installed', async () => {
    const patch = ['*** Begin Patch', '*** Add File: made.txt', '+by a pipe', '*** End Patch'].join('\n');
    const script = `cat <<'EOF' | apply_patch\n${patch}\nEOF\nrg --version | head -1`;
    await open([respond(shell(script, 'c1')), ok]);
    await live.say('go');
    expect(readFileSync(join(repo.path, 'made.txt'), 'utf8')).toBe('by a pipe\n');
    expect(server.requests[1]?.outputOf('c1')).toContain('ripgrep');
  });
});

describe('after a turn', () => {
  test('F32: notify gets one more argument, which is the payload', async () => {
    const log = join(home.path, 'told.json');
    const program = join(home.path, 'notify.sh');
    writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$#" "$1" "$2" > ${log}.part\nmv ${log}.part ${log}\n`);
    await open([ok], { overrides: [`notify=["sh", "${program}", "fixed"]`] });
    const end = await live.say('mend it');
    await until(() => readable(log));
    const [count, first, payload = ''] = readFileSync(log, 'utf8').split('\n');
    expect([count, first]).toEqual(['2', 'fixed']);
    expect(JSON.parse(payload)).toEqual({
      type: 'agent-turn-complete',
      'thread-id': live.session.threadId,
      'turn-id': end.turnId,
      cwd: repo.path,
      'input-messages': ['mend it'],
      'last-assistant-message': 'ok',
    });
  });

  test('notify takes no program from where commands may write, but the next one in PATH', async () => {
    const bins = [join(repo.path, 'bin'), join(home.path, 'bin')];
    for (const bin of bins) {
      mkdirSync(bin);
      writeFileSync(join(bin, 'sh'), `#!/bin/bash\ntouch ${join(bin, 'called')}\n`, { mode: 0o755 });
    }
    vi.stubEnv('PATH', `${bins.join(':')}:${process.env['PATH']}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const called = join(home.path, 'called');
    await open([ok], { overrides: [`notify=["sh", "-c", "touch ${called}"]`] });
    await live.say('go');
    await until(() => existsSync(called));
    expect(bins.filter((bin) => existsSync(join(bin, 'called')))).toEqual([]);
  });

  test('F32: a missing notify program disturbs nothing', async () => {
    await open([ok, ok], { overrides: ['notify=["/nowhere/at/all"]'] });
    expect(await live.say('one')).toMatchObject({ status: 'completed' });
    expect(await live.say('two')).toMatchObject({ status: 'completed' });
  });

  test('a new day is reported with the next message, once', async () => {
    let now = new Date(2026, 0, 31, 12).getTime();
    await open([ok, ok, ok], { options: { now: () => now } });
    await live.say('one');
    now = new Date(2026, 1, 1, 9).getTime();
    await live.say('two');
    await live.say('three');
    const told = server.requests[2]?.textsOf('user') ?? [];
    expect(told.filter((text) => text.includes('<date>2026-02-01</date>'))).toHaveLength(1);
    expect(told.filter((text) => text.includes('<date>2026-01-31</date>'))).toHaveLength(1);
  });

  test('an instruction file that was cut is reported to the user', async () => {
    repo.write({ 'AGENTS.md': 'x'.repeat(200) });
    await open([ok], { overrides: ['project_doc_max_bytes=100'] });
    await live.say('one');
    expect(await live.next('warning')).toMatchObject({ message: expect.stringContaining('100 of 200 bytes') });
  });
});

function readable(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').endsWith('\n');
  } catch {
    return false;
  }
}
