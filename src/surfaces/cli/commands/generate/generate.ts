import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { jsonSchemas } from '../../../../foundation/protocol/index.ts';
import { readCommandLine, refuseMore } from '../../command-line.ts';
import type { CommandSpec } from '../../command-spec.ts';
import type { Command } from '../../commands.ts';
import type { CommandIo } from '../../io.ts';
import { data } from '../../output.ts';
import { UsageError } from '../../usage.ts';
import { typescriptOf } from './schema-to-typescript.ts';

const spec = {
  usage: ['generate schema|ts [options]'],
  about: ['Write the protocol (events, ops, items, rollout lines) for programs that talk to keel.'],
  verbs: {
    schema: 'one JSON Schema per type: <DIR>/<Type>.json',
    ts: 'all types in one file: <DIR>/protocol.ts',
  },
  options: {
    out: { type: 'string', short: 'o', value: 'DIR', about: 'write to a directory in place of stdout' },
  },
} as const satisfies CommandSpec;

/** `keel generate`: the protocol for other programs, from the same schemas that keel validates with. */
export const generateCommand: Command = { spec, run: generate };

async function generate(io: CommandIo, words: readonly string[]): Promise<number> {
  const { kind, out } = readArguments(words);
  const schemas = jsonSchemas();
  if (kind === 'ts') {
    const text = typescriptOf(schemas);
    if (out === null) data(io, text);
    else write(resolve(io.cwd, out), 'protocol.ts', text);
    return 0;
  }
  if (out === null) data(io, `${JSON.stringify(schemas, null, 2)}\n`);
  else for (const [name, schema] of Object.entries(schemas)) writeSchema(resolve(io.cwd, out), name, schema);
  return 0;
}

function readArguments(words: readonly string[]): { kind: 'schema' | 'ts'; out: string | null } {
  const { values, positionals } = readCommandLine(words, spec);
  const [kind, ...more] = positionals;
  if (kind !== 'schema' && kind !== 'ts')
    throw new UsageError('what should be written? keel generate schema or keel generate ts');
  refuseMore(more);
  return { kind, out: values.out ?? null };
}

function writeSchema(dir: string, name: string, schema: unknown): void {
  write(dir, `${name}.json`, `${JSON.stringify(schema, null, 2)}\n`);
}

function write(dir: string, name: string, text: string): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, name), text);
}
