import { message, respond, startModelServer, usage } from '../../src/testing/index.ts';
import type { Figures } from './goals.ts';
import { Run } from './run.ts';

const TURN_ITEMS = 100;
const TURNS = 200;
/** A conversation of this many turns is compacted, as it would be at the end of its window. */
const COMPACTED_TURNS = 10;
const MARKS = [1_000, 5_000, 10_000, 20_000];
/** The window's title has no sign in it when a turn has ended. */
const IDLE_TITLE = '\u001b]2;keel';
const TEXT = 'An item of a turn, with as many words as a short answer of a model has. '.repeat(3);

/** One keel, one thread, turn after turn. */
export async function soaks(home: string): Promise<Figures> {
  let done = 0;
  await using server = await startModelServer((request) => {
    if (request.lastUserText !== 'go') return respond(message('SUMMARY'), usage({}));
    const items = Array.from({ length: TURN_ITEMS }, (_, at) =>
      message(at === TURN_ITEMS - 1 ? `END ${done}` : `${TEXT}${at}`),
    );
    return respond(...items, usage({}));
  });
  const run = Run.keel([], { home, server });
  await run.prints('directory:');
  const memory = new Map<number, number>();
  for (; done < TURNS; done += 1) {
    run.output = '';
    run.type('go\r');
    await run.prints(`END ${done}`);
    await run.prints(IDLE_TITLE);
    if ((done + 1) % COMPACTED_TURNS === 0) {
      run.output = '';
      run.type('/compact\r');
      await run.prints(IDLE_TITLE);
    }
    const items = (done + 1) * TURN_ITEMS;
    if (MARKS.includes(items)) {
      await run.isQuiet();
      memory.set(items, run.residentMiB());
    }
  }
  await run.quit();
  const soak = memory.get(20_000) ?? Number.NaN;
  const each = [...memory].map(([items, size]) => `${items.toLocaleString('en-US')} items ${size.toFixed(0)} MiB`);
  return { values: { soak, growth: soak - (memory.get(10_000) ?? 0) }, notes: [`soak: ${each.join(', ')}`] };
}
