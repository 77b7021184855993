// The built program in a process that runs command lines, one for each message (resident-keel.ts).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { Script } from 'node:vm';
import type { runCommand as RunCommand } from '../../../src/surfaces/cli/index.ts';
import { keelBin } from '../keel.ts';
import type { CommandLine } from './resident-keel.ts';

const dist = join(import.meta.dirname, '../../../dist');
const requireModule = createRequire(join(dist, 'cli.cjs'));
const loaded = new Map<string, { exports: object }>();
const { runCommand } = load('./cli.cjs') as { readonly runCommand: typeof RunCommand };

// Programs that keel starts as itself are the launcher's.
process.argv[1] = keelBin;
process.once('disconnect', () => process.exit(0));
process.on('message', (line: CommandLine) => void answer(line));

/** Loads the scripts as bin/keel.js does, without the compiled code of other processes. */
function load(id: string): object {
  if (!id.startsWith('./')) return requireModule(id);
  const known = loaded.get(id);
  if (known !== undefined) return known.exports;
  const path = join(dist, id);
  const module = { exports: {} };
  loaded.set(id, module);
  const run = new Script(readFileSync(path, 'latin1'), { filename: path }).runInThisContext();
  const whenUsed = (next: string) => new Proxy({}, { get: (_, name) => Reflect.get(load(next), name) });
  run(
    module.exports,
    (next: string) => (next.startsWith('./later-') ? whenUsed(next) : load(next)),
    module,
    path,
    dist,
  );
  return module.exports;
}

async function answer({ args, cwd, env, stdin }: CommandLine): Promise<void> {
  process.env = { ...env };
  process.chdir(cwd);
  const stdout = new PassThrough().setEncoding('utf8');
  const stderr = new PassThrough().setEncoding('utf8');
  const outputs = [textOf(stdout), textOf(stderr)];
  const io = { env: process.env, cwd, stdin: Readable.from(Buffer.from(stdin)), stdout, stderr };
  const before = new Set(process.listeners('exit'));
  const code = await runCommand(io, args);
  endAs(code, before);
  stdout.end();
  stderr.end();
  const [out, err] = await Promise.all(outputs);
  process.send?.({ code, signal: null, stdout: out, stderr: err });
}

/** Does what a process of the command alone would do when it exits. */
function endAs(code: number, before: ReadonlySet<unknown>): void {
  for (const listener of process.listeners('exit').filter((one) => !before.has(one))) {
    listener.call(process, code);
    process.removeListener('exit', listener);
  }
}

async function textOf(stream: PassThrough): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}
