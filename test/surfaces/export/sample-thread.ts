import { readFileSync } from 'node:fs';
import {
  functionCall,
  httpError,
  type ItemPart,
  message,
  type Response,
  reasoning,
  respond,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { testSession } from '../../support/session.ts';
import { gitRepository, type TempDir } from '../../support/temp-dir.ts';

const shell = (script: string, id: string): ItemPart => functionCall('shell', { command: ['bash', '-lc', script] }, id);
const used = (input: number, cached: number, output: number) => usage({ input, cached, output });
const plan = (...statuses: readonly string[]) => {
  const steps = ['Find where the tide is read', 'Mend the sign', 'Run the tests'];
  return { plan: steps.map((step, at) => ({ step, status: statuses[at] ?? 'pending' })) };
};

const PATCH = `*** Begin Patch
*** Update File: tide.js
@@
 export function highWater(level) {
-  return -level;
+  return level;
 }
*** Add File: NOTES.md
+# Notes
+Levels are metres above the chart's zero.
*** End Patch`;

const HANDOVER =
  '## Goal\nThe tide table is right.\n## Constraints\nnone\n## State\nmended\n## Findings\nThe sign was wrong.\n## Decisions\nnone\n## Next\nnothing';

const SCRIPT: readonly Response[] = [
  respond(
    reasoning(['**Looking for the reader**\n\nThe table is made in one place; its sign is suspect.']),
    message('I will look at how the table is made first.'),
    functionCall('update_plan', plan('in_progress'), 'p1'),
    shell('cat tide.js; ls', 'c1'),
    used(9_200, 0, 310),
  ),
  respond(functionCall('apply_patch', { input: PATCH }, 'c2'), used(9_700, 9_100, 260)),
  respond(
    functionCall('update_plan', plan('completed', 'completed', 'in_progress'), 'p2'),
    shell('node --test 2>&1 | head -4; exit 1', 'c3'),
    used(10_300, 9_600, 90),
  ),
  respond(
    message(
      'The sign is **mended**: `highWater` gave the level below the zero.\n\n| place | before | after |\n| --- | ---: | ---: |\n| harbour | -3.2 | 3.2 |\n\n- [x] sign\n- [ ] a test of its own\n\nSee [the chart](https://example.org/chart).',
    ),
    used(10_800, 10_200, 240),
  ),
  respond(shell('seq 1 9000', 'c4'), used(11_600, 10_900, 60)),
  respond(message('Nine thousand lines, as you asked.'), used(15_900, 11_500, 30)),
  respond(message(HANDOVER), used(16_200, 15_800, 420)),
  respond(message('Done. The table and its notes agree.'), used(7_800, 0, 45)),
];

export interface SampleThread {
  readonly path: string;
  readonly id: string;
  readonly lines: readonly string[];
}

/** A thread of the real core with something of most things in it, recorded below `home`. */
export async function sampleThread(home: TempDir): Promise<SampleThread> {
  using repo = gitRepository({ 'tide.js': 'export function highWater(level) {\n  return -level;\n}\n' });
  let at = 0;
  let failures = 1;
  await using server = await startModelServer(() => {
    if (at === 5 && failures-- > 0) return httpError(503, 'the model is busy');
    return SCRIPT[at++] ?? respond(message('nothing more'));
  });
  const live = await testSession({ url: server.url, home: home.path, cwd: repo.path, overrides: ['model="gpt-5"'] });
  await live.say('The tide table shows high water below zero. Find out why, mend it & tell me.');
  await live.say('Count to nine thousand.');
  await live.turn({ type: 'compact' });
  await live.turn({ type: 'userShell', command: 'echo "by hand"' });
  await live.say('Is it done?');
  await live[Symbol.asyncDispose]();
  const path = live.session.rolloutPath ?? '';
  return { path, id: live.session.threadId, lines: readFileSync(path, 'utf8').trimEnd().split('\n') };
}
