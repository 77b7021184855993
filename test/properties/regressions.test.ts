import { expect, test } from 'vitest';
import { judge } from './hold.ts';
import type { Plan, Reply, Step } from './plan.ts';
import { type Course, play } from './world.ts';

/** Failures that the property tests found, shrunk. Each failed before its fix; those that depend on timing are tried several times. */
const TRIES = 5;

const small = { replies: [], summaries: [], reviews: [], asks: false, keepsFiles: false } as const;
const step = (move: Step['move'], after = 0): Step => ({ move, after });
const reply = (changes: Partial<Reply>): Reply => ({ says: ['text'], end: 'completed', isLarge: false, ...changes });

async function holds(plan: Plan): Promise<readonly Course[]> {
  const courses = await Promise.all(Array.from({ length: TRIES }, () => play(plan, 'memory')));
  for (const course of courses) judge(course);
  return courses;
}

test('M16: a task that comes back after its turn was ended without it ends no other turn', async () => {
  const steps = [step('say'), step('undo', 30), step('say'), step('say', 60), step('settle')];
  await holds({ ...small, steps, replies: [reply({ says: ['freeformPatch'], end: 'deaf' }), reply({ end: 'held' })] });
});

test('M66: an interrupt before the request for a handover does not crash', async () => {
  await holds({ ...small, steps: [step('compact'), step('interrupt')] });
});

test('a turn that continues after a crash is shown from its first event', async () => {
  await holds({ ...small, steps: [step('say'), step('kill', 1)] });
});

test('a turn after a resume never has the id of one before', async () => {
  const [course] = await holds({ ...small, steps: [step('say'), step('settle')] });
  const ids = course?.lives.map(({ submitted }) => submitted.map(({ id }) => id));
  expect(ids?.flat()).toEqual([...new Set(ids?.flat())]);
});

test('a turn that fails before it took its input is not begun again', async () => {
  const steps = [step('say'), step('settle'), step('say')];
  const plan: Plan = { ...small, steps, replies: [reply({ isLarge: true })], summaries: ['refused', 'refused'] };
  for (const { lives } of await holds(plan)) {
    const ended = lives[0]?.events.flatMap((event) => (event.type === 'turn.completed' ? [event.status] : []));
    expect(ended?.slice(0, 2)).toEqual(['completed', 'failed']);
  }
});

test('M72: a tool that a reviewer is not offered is none that it has', async () => {
  const [course] = await holds({ ...small, steps: [step('review')], reviews: [reply({ says: ['patch'] })] });
  expect(course?.effects).toEqual(['start', '']);
});

test('an interrupt while a turn is replayed after a crash loses nothing of what the turn had done', async () => {
  const steps = [step('say'), step('kill', 80), step('interrupt')];
  const replies = [reply({ says: ['list'] }), reply({ says: ['plan'] }), reply({ end: 'held' })];
  await holds({ ...small, steps, replies });
});

test('L3: a command of the user that outlives the work of its turn is still recorded', async () => {
  await holds({ ...small, steps: [step('say'), step('longShell', 3)] });
});

test('L3: a command of the user that comes as a turn is being ended is run after it', async () => {
  await holds({ ...small, steps: [step('say'), step('undo'), step('say'), step('askAlways'), step('shell')] });
});

test('a review that outgrows its window does not fill the one of its parent', async () => {
  const steps = [step('review'), step('say'), step('killTorn', 9), step('settle')];
  for (const { lives } of await holds({ ...small, steps, reviews: [reply({ end: 'overflow' })] })) {
    const totals = lives.flatMap(({ events }) =>
      events.flatMap((event) =>
        event.type === 'usage.updated' ? [event.info?.total_token_usage.total_tokens ?? 0] : [],
      ),
    );
    expect(Math.max(0, ...totals)).toBeLessThan(100_000);
  }
});

test('M76: a compaction of a turn that was cut off and given up counts at once, not only after the next resume', async () => {
  const steps = [step('say'), step('settle'), step('compact'), step('say', 12), step('killForGood', 10)];
  const replies = [reply({ isLarge: true }), reply({ says: ['plan'], isLarge: true }), reply({ end: 'held' })];
  await holds({ ...small, steps: [step('say'), step('killForGood', 70)], replies: replies.slice(1) });
  await holds({ ...small, steps, replies });
});

test('M22: outputs of calls that share an id are read back in the order of the calls', async () => {
  const steps = [step('say'), step('interrupt', 25)];
  await holds({ ...small, steps, replies: [reply({ says: ['sameId', 'sameId'] })], asks: true });
});

test('fleet 4: a call is never taken for one of an earlier turn that had the same id', async () => {
  const replies = [reply({ says: ['sameId', 'text'], end: 'held' }), reply({ says: ['sameId'] })];
  await holds({ ...small, steps: [step('say'), step('killForGood', 60), step('say')], replies });
});

test('M79: a cut-off call is answered though an earlier one of its id has its output', async () => {
  const replies = [reply({ says: ['sameId'] }), reply({ says: ['sameId'], end: 'held' })];
  const steps = [step('say'), step('settle'), step('askAlways'), step('say'), step('killForGood', 60)];
  await holds({ ...small, steps, replies: [reply({}), ...replies], asks: true });
  const asked = [reply({ says: ['sameId'] }), reply({ says: ['plan', 'sameId'] })];
  await holds({
    ...small,
    steps: [step('say'), step('approve', 40), step('killForGood', 90)],
    replies: asked,
    asks: true,
  });
});

test('R16: a window that was full is full after a resume, and a turn that was cut off takes the same way again', async () => {
  const overflows = [reply({ says: ['badArguments'], isLarge: true }), reply({ end: 'overflow' })];
  const replies = [...overflows, reply({ says: ['plan'] }), reply({ end: 'held' })];
  const steps = [step('say'), step('settle'), step('say'), step('kill', 150)];
  for (const { lives } of await holds({ ...small, steps, replies })) {
    const errors = lives.flatMap(({ events }) =>
      events.filter((event) => event.type === 'error' && event.turnId !== null),
    );
    expect(errors).toHaveLength(1);
  }
});

test('fleet 4: a call that a crash cut off is reported as such, also if its turn is stopped as it continues', async () => {
  const steps = [step('say'), step('killTorn', 400), step('interrupt')];
  for (let tries = 0; tries < 4; tries += 1)
    await holds({ ...small, steps, replies: [reply({ says: ['longShell'] })] });
});
