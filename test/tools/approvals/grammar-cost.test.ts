import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Judges scripts that need the grammar, then waits as long as an optimiser would work. Prints the peak memory, KiB. */
const program = `
import { readFileSync } from 'node:fs';
import { CommandJudge } from ${JSON.stringify(join(import.meta.dirname, '../../../src/tools/approvals/index.ts'))};
const judge = new CommandJudge();
const script = (i) => ['bash', '-c', \`for i in 1 \${i}; do echo $i | grep "x y" && ls; done\`];
await judge.ready(script(0));
for (let i = 0; i < 200; i += 1) judge.judge(script(i));
await new Promise((resolve) => setTimeout(resolve, 1_500));
console.log(JSON.stringify({ peak: Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) }));
`;

test.skipIf(process.platform !== 'linux')(
  'judging scripts by the grammar takes little memory, also later',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    const { peak } = JSON.parse(stdout);
    // With the optimising compiler it was 600 MB.
    expect(peak / 1024).toBeLessThan(200);
  },
);
