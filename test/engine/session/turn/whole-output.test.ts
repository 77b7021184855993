import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { functionCall, message, respond } from '../../../../src/testing/index.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { live, open, server, repo } = liveSession();

/** A test report whose failure comes last, by a program that does not wait until it is read: less than a pipe of keel keeps. */
const REPORT =
  "for (let i = 0; i < 14_000; i++) console.log('ok ' + i + ' ' + 'x'.repeat(60)); console.log('FAILED'); process.exit(1)";

test.each([
  ['shell', 'gpt-5-codex', { command: ['node', 'report.cjs'] }],
  ['shell_command', 'qwen3-coder', { command: 'cat /dev/null; node report.cjs' }],
  ['exec_command', 'gpt-5', { cmd: 'node report.cjs 2>&1', yield_time_ms: 30_000 }],
])(
  'the whole output of a program in the sandbox is kept, and its end is shown: %s',
  async (tool, model, args) => {
    repo.write({ 'report.cjs': REPORT });
    await open([respond(functionCall(tool, args, 'c1')), respond(message('ok'))], {
      overrides: ['sandbox_mode="workspace-write"', `model="${model}"`],
    });
    await live.say('go');
    const output = String(server.requests[1]?.outputOf('c1'));
    expect(output).toMatch(/\nok 13999 x+\nFAILED\s*$/);
    const [, first, last, all, path = ''] =
      /\[lines (\d+)-(\d+) of (\d+) left out; all in (.*), nothing omitted\]/.exec(output) ?? [];
    expect(Number(all)).toBe(14_001);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(14_001);
    // The notice names exactly the lines that are not there.
    const shown = output.split('\n').filter((line) => /^ok \d+ x+$/.test(line));
    expect(shown.at(Number(first) - 2)).toBe(lines[Number(first) - 2]);
    expect(shown.at(Number(first) - 1)).toBe(lines[Number(last)]);
  },
  60_000,
);
