import { randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { maskedText } from '../../../foundation/secrets/index.ts';
import { findProgram, printable, reasonOf, writableByOthers } from '../../../foundation/util/index.ts';
import { proxyRoute, resolveCredentials } from '../../../models/client/index.ts';
import { type Config, loadConfig, resolveHome } from '../../../storage/config/index.ts';
import { Processes, programOutput } from '../../../system/process/index.ts';
import { probeBackend } from '../../../system/sandbox/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { data, say } from '../output.ts';

/** How long a program may take to print its version. */
const ANSWER_MS = 5_000;
const spec = {
  usage: ['doctor [options]'],
  about: [
    "Check this machine and the configuration. The exit code is 1 if something is missing that keel can't work without.",
  ],
  options: {
    json: { type: 'boolean', about: 'print the findings as JSON' },
  },
} as const satisfies CommandSpec;

interface Finding {
  readonly name: string;
  /** `missing`: keel can't work without it. `note`: keel works, with less. */
  readonly state: 'ok' | 'note' | 'missing';
  readonly detail: string;
}

/** `keel doctor`: checks that everything is there that keel needs. */
export const doctorCommand: Command = { spec, run: doctor };

async function doctor(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  refuseMore(positionals);
  const config = await loaded(io);
  const bwrapPath = config instanceof Error ? null : config.sandbox.bwrapPath;
  const rest = [...(await configuration(config)), ...(await programs(io)), await sandbox(bwrapPath)];
  const findings = [nodeVersion(), home(io), ...rest];
  if (values.json) data(io, `${JSON.stringify(findings, null, 2)}\n`);
  else {
    const marks = { ok: 'ok  ', note: 'note', missing: 'FAIL' } as const;
    for (const { state, name, detail } of findings) say(io, `${marks[state]}  ${name}: ${detail}\n`);
  }
  return findings.some(({ state }) => state === 'missing') ? 1 : 0;
}

function nodeVersion(): Finding {
  return { name: 'Node.js', state: 'ok', detail: process.version };
}

function home(io: CommandIo): Finding {
  const name = 'home';
  try {
    const path = resolveHome(io.env);
    if (existsSync(path)) accessSync(path, constants.W_OK);
    else mkdirSync(dirname(path), { recursive: true });
    const shared = writableByOthers(dirname(path));
    if (shared === null) return { name, state: 'ok', detail: path };
    return { name, state: 'note', detail: `${path}; ${shared}: compiled code is not kept there` };
  } catch (error) {
    return { name, state: 'missing', detail: reasonOf(error) };
  }
}

async function loaded(io: CommandIo): Promise<Config | Error> {
  try {
    return await loadConfig({ env: io.env, cwd: io.cwd, overrides: [], flags: {} });
  } catch (error) {
    return new Error(reasonOf(error));
  }
}

async function configuration(config: Config | Error): Promise<Finding[]> {
  if (config instanceof Error) return [{ name: 'configuration', state: 'missing', detail: config.message }];
  const detail = `model ${config.model} of ${config.provider.id} at ${maskedText(config.provider.baseUrl)}`;
  const warnings = config.warnings.map(
    (warning): Finding => ({ name: 'configuration', state: 'note', detail: warning }),
  );
  return [
    { name: 'configuration', state: 'ok', detail },
    ...warnings,
    ...proxy(config),
    credentials(config),
    ...(await localModel(config)),
  ];
}

function credentials(config: Config): Finding {
  const name = 'credentials';
  try {
    return { name, state: 'ok', detail: resolveCredentials(config.provider, config.env, config.storedKey).source };
  } catch (error) {
    return { name, state: 'note', detail: reasonOf(error) };
  }
}

/** A line only where a proxy is in use: most machines have none. */
function proxy({ provider, env }: Config): Finding[] {
  const name = 'proxy';
  try {
    const route = proxyRoute(new URL(provider.baseUrl), env);
    return route.type === 'direct'
      ? []
      : [{ name, state: 'ok', detail: `the model is reached through ${route.label}` }];
  } catch (error) {
    return [{ name, state: 'missing', detail: reasonOf(error) }];
  }
}

async function localModel(config: Config): Promise<Finding[]> {
  const name = 'local model';
  const kind = config.provider.local;
  if (kind === undefined) return [];
  try {
    const { seeLocalServer } = await import('../../../models/local/index.ts');
    const { sight, hasModel } = await seeLocalServer(kind, { config, signal: new AbortController().signal });
    const notes = sight.notes.map((detail): Finding => ({ name, state: 'note', detail: printable(detail) }));
    const has =
      hasModel === null
        ? 'is running'
        : hasModel
          ? `has ${config.model}`
          : `will fetch ${config.model} when it is used`;
    return [{ name, state: hasModel === false ? 'note' : 'ok', detail: printable(`${sight.name} ${has}`) }, ...notes];
  } catch (error) {
    return [{ name, state: 'missing', detail: printable(reasonOf(error)) }];
  }
}

async function programs({ env, cwd }: CommandIo): Promise<Finding[]> {
  const wanted = [
    { name: 'git', without: 'keel works, but only with --skip-git-repo-check' },
    { name: 'bash', without: 'commands run with /bin/sh' },
  ];
  return Promise.all(
    wanted.map(async ({ name, without }): Promise<Finding> => {
      try {
        const program = findProgram(name, { env, roots: [cwd] });
        if (program.type === 'missing') {
          return { name, state: 'note', detail: printable(`${program.reason}: ${without}`) };
        }
        const stdout = await programOutput(program.path, ['--version'], { timeoutMs: ANSWER_MS });
        return { name, state: 'ok', detail: stdout.split('\n')[0] ?? '' };
      } catch (error) {
        const isSilent = error instanceof Error && 'killed' in error && error.killed === true;
        const what = isSilent ? `gave no answer within ${ANSWER_MS / 1_000} s` : "can't be started";
        return { name, state: 'note', detail: `${what}: ${without}` };
      }
    }),
  );
}

/** Probes by starting a command in the sandbox. */
async function sandbox(bwrapPath: string | null): Promise<Finding> {
  const processes = new Processes(`doctor.${randomUUID()}`);
  try {
    const facts = await probeBackend({ processes, bwrapPath, signal: new AbortController().signal });
    if (facts.type === 'unavailable') return { name: 'sandbox', state: 'note', detail: facts.reason };
    if (facts.type === 'landlock') {
      const detail = `Landlock (version ${facts.abi}), which confines less than bubblewrap: ${facts.reason}`;
      return { name: 'sandbox', state: 'note', detail };
    }
    if (facts.type === 'seatbelt') return { name: 'sandbox', state: 'ok', detail: 'the macOS sandbox' };
    return { name: 'sandbox', state: 'ok', detail: `bubblewrap at ${facts.path}` };
  } finally {
    processes.close();
  }
}
