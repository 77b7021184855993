import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replayThread } from '../../../src/surfaces/replay/index.ts';
import { message, respond } from '../../../src/testing/index.ts';
import { liveSession } from '../../support/sessions/live-session.ts';

/** Two turns with commands, a long output, a patch, a plan and a failure, recorded by keel as it was on that day. */
const NAME = '2026-11-25.jsonl';
const RECORD = join(import.meta.dirname, 'records', NAME);
const lines: readonly { readonly type: string; readonly payload: Record<string, unknown> }[] = readFileSync(
  RECORD,
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const items = lines.filter(({ type }) => type === 'response_item').map(({ payload }) => payload);

const { home, live, open, server } = liveSession();

describe('a thread that an older version has recorded', () => {
  test('is run again whole: only the texts that keel has changed since differ', async () => {
    const report = await replayThread(RECORD);
    expect(report.turns).toEqual({ run: 2, all: 2 });
    expect(report.requests).toEqual({ compared: 5, all: 5 });
    const parts = report.differences.map((difference) => ('part' in difference ? difference.part : difference.type));
    expect(new Set(parts)).toEqual(new Set(['instructions', 'tools']));
  });

  test('is resumed with all that was said and done', async () => {
    const dir = join(home.path, 'sessions/2026/11/25');
    mkdirSync(dir, { recursive: true });
    const id = String(lines[0]?.payload['id']);
    copyFileSync(RECORD, join(dir, `rollout-2026-11-25T12-00-00-${id}.jsonl`));
    await open([respond(message('ok'))], { options: { origin: { type: 'resume', id } } });
    const { status } = await live.say('what did you change?');
    expect(status).toBe('completed');
    const { input = [] } = server.requests[0] ?? {};
    const isEdit = (item: Record<string, unknown>) => item['call_id'] === 'c3' && 'output' in item;
    // Outputs are sent behind their calls, and without the ids of items, which are the server's own.
    const textsOf = (all: readonly Record<string, unknown>[]) =>
      all
        .filter((item) => !isEdit(item))
        .map(({ id: _, ...item }) => JSON.stringify(item))
        .sort();
    expect(textsOf(input.slice(0, items.length))).toEqual(textsOf(items));
    // The result of a patch was JSON then.
    expect(input.find(isEdit)?.['output']).toMatch(/^Exit code: 0\nWall time: .*\nOutput:\nSuccess.*\nM a\.txt\n$/);
    expect(JSON.stringify(input.at(-1))).toContain('what did you change?');
  });
});
