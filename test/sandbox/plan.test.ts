import { expect, it } from 'vitest';
import { directPlanner, plan } from '../../src/sandbox/index.ts';

const spec = { argv: ['npm', 'test'], cwd: '/home/ada/tide', env: { PATH: '/usr/bin' } };

it('runs a command as it is and claims to hold it to nothing', () => {
  expect(plan({ spec, policy: { mode: 'read-only' } })).toEqual({
    backend: 'none',
    spawn: spec,
    enforced: { fileWrites: false, fileReads: false, network: false, processes: false },
  });
});

it.each(['operation not permitted', 'Permission denied', 'landlock'])(
  'M17: without a sandbox takes no failure for a denial: %s',
  (output) => {
    const direct = directPlanner.plan({ spec, policy: { mode: 'read-only' } });
    expect(directPlanner.denial(direct, { exitCode: 1, output })).toBeNull();
  },
);
