import { functionCall, message, type Response, reasoning, respond, usage } from '../../testing/index.ts';
import { demoPatch } from './project.ts';

const plan = (done: number) => ({
  plan: ['Run the tests and read the failure', 'Fix the cause', 'Run the tests again'].map((step, at) => ({
    step,
    status: at < done ? 'completed' : at === done ? 'in_progress' : 'pending',
  })),
});

/** The responses of the scripted model, one a request. The outputs of its calls are real. */
export const demoScript: readonly Response[] = [
  respond(
    message('I’ll look at the project and run its tests first.', { id: 'msg_1' }),
    functionCall('update_plan', plan(0), 'call_plan_1'),
    functionCall('exec_command', { cmd: 'ls && cat package.json src/duration.js' }, 'call_look'),
    functionCall('exec_command', { cmd: 'node --test' }, 'call_test_1'),
    usage({ input: 2_300, output: 120 }),
  ),
  respond(
    reasoning(
      ['**The sum is overwritten**\n\nOnly the last unit of a duration counts: the loop assigns where it should add.'],
      {
        id: 'rs_1',
      },
    ),
    functionCall('update_plan', plan(1), 'call_plan_2'),
    functionCall('apply_patch', { input: demoPatch }, 'call_patch'),
    functionCall('update_plan', plan(2), 'call_plan_3'),
    functionCall('exec_command', { cmd: 'node --test' }, 'call_test_2'),
    usage({ input: 3_900, cached: 2_300, output: 210 }),
  ),
  respond(functionCall('update_plan', plan(3), 'call_plan_4'), usage({ input: 4_600, cached: 3_900, output: 60 })),
  respond(
    message(
      'The suite passes. `parseDuration` kept only the last unit: the loop assigned to `total` instead of adding to it.\n\n' +
        '- `src/duration.js:10`: `total +=` in place of `total =`\n' +
        '- `node --test`: 4 passed, 0 failed (before: 2 failed)',
      { id: 'msg_2' },
    ),
    usage({ input: 4_700, cached: 4_600, output: 90 }),
  ),
];
