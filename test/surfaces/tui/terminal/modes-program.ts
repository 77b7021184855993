// Sets the terminal's modes and ends in the way that its argument names.
import { TerminalModes } from '../../../../src/surfaces/tui/terminal/modes.ts';

const modes = new TerminalModes({
  input: process.stdin,
  output: process.stdout,
  capabilities: { passthrough: 'direct', hasProgress: false },
  onStop: (signal) => {
    process.stdout.write(`stopped by ${signal}\r\n`);
    process.exit(0);
  },
  onContinue: () => process.stdout.write('continued\r\n'),
});
modes.open();
process.stdin.on('data', (bytes) => {
  if (bytes.toString() === 'x') process.exit(0);
  if (bytes.toString() === 'e') throw new Error('a crash');
  if (bytes.toString() === '\u001a') modes.stop();
});
process.stdout.write(`ready ${process.pid}\r\n`);
