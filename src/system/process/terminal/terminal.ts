import type { Processes } from '../processes.ts';
import { sealDescriptors } from '../start/descriptors.ts';
import { addOwnChild, removeOwnChild } from '../start/own-children.ts';
import type { SpawnSpec } from '../start/spawn-spec.ts';
import { openLinuxTerminal, type Terminal } from './linux-terminal.ts';
import type { TerminalSize } from './pseudo-terminal.ts';

const USUAL_SIZE = { cols: 80, rows: 24 } as const;

/** Starts a program on a terminal of its own. The native module behind it is loaded when the first one is asked for. */
export async function openTerminal(
  spec: SpawnSpec,
  processes: Processes,
  onChunk: (chunk: Buffer) => void,
  size: TerminalSize = USUAL_SIZE,
): Promise<Terminal> {
  const { confinement, inputs = [] } = spec;
  if (confinement !== undefined || inputs.length > 0) return openLinuxTerminal(spec, { processes, size, onChunk });
  const { spawn } = await import('@lydell/node-pty');
  processes.admit(spec);
  sealDescriptors();
  const [program = '', ...args] = spec.argv;
  const mark = processes.newMark();
  const env = processes.marked(spec.env, mark);
  const terminal = spawn(program, args, { ...size, name: env['TERM'] ?? 'dumb', cwd: spec.cwd, env, encoding: null });
  addOwnChild(terminal.pid);
  processes.adopt(terminal.pid, mark, spec);
  // With no encoding set, node-pty hands out bytes whatever its types say.
  terminal.onData((data: string | Buffer) => onChunk(Buffer.from(data)));
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  let hasEnded = false;
  terminal.onExit(({ exitCode, signal }) => {
    hasEnded = true;
    removeOwnChild(terminal.pid);
    resolve(signal ? 128 + signal : exitCode);
  });
  return {
    pid: terminal.pid,
    ended,
    write: (text) => terminal.write(text),
    resize: ({ cols, rows }) => {
      if (!hasEnded) terminal.resize(cols, rows);
    },
  };
}
