import { expect, test } from 'vitest';
import * as z from 'zod';
import { Keel, tool } from '../../../src/surfaces/sdk/index.ts';
import { functionCall, message, respond, startModelServer, usage } from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';

const places = freshPlaces();
/** `examples/many-threads.mjs` is run with 200, in a process whose memory can be looked at. */
const THREADS = Number(process.env['KEEL_RUNS'] ?? 20);

test('many threads of one program run side by side, each with tools of its own', async () => {
  await using server = await startModelServer((request) => {
    const isAnswered = request.outputOf('c') !== undefined;
    return isAnswered
      ? respond(message(`heard ${String(request.outputOf('c'))}`), usage({ input: 1, output: 1 }))
      : respond(functionCall('own_number', {}, 'c'));
  });
  const warnings: string[] = [];
  const onWarning = ({ message: text }: Error) => void warnings.push(text);
  process.on('warning', onWarning);
  const keel = new Keel({
    cwd: places.repo.path,
    home: places.home.path,
    ephemeral: true,
    env: { PATH: process.env['PATH'], HOME: places.home.path, OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'test' },
  });
  const numbered = (number: number) =>
    tool({
      ...{ name: 'own_number', description: 'The number of this thread.', parameters: z.object({}), readOnly: true },
      run: () => String(number),
    });
  const answers = Array.from({ length: THREADS }, async (_, number) => {
    await using thread = await keel.startThread({ tools: [numbered(number)] });
    return (await thread.run('Which one are you?')).finalResponse;
  });
  const expected = Array.from({ length: THREADS }, (_, number) => `heard ${number}`);
  expect(await Promise.all(answers)).toEqual(expected);
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
}, 120_000);
