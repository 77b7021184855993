import { resolve } from 'node:path';
import { shellScript } from './command-judge.ts';
import { isKnownSafe } from './known-safe.ts';
import { type ScannedScript, scanScript } from './shell/quick-scan.ts';
import { type PlainCommand, textsOf } from './shell/words.ts';

/** What one approval covers: a pipeline as it really runs, however the line was spelled. */
export interface ApprovedCommand {
  readonly cwd: string;
  /** Assignments before it, sorted. */
  readonly env: readonly string[];
  /** The words of each command, from left to right. */
  readonly pipeline: readonly (readonly string[])[];
}

export interface CanonicalOptions {
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The environment it runs in: with `CDPATH` the target of `cd` is unknown. */
  readonly env: Readonly<Record<string, string>>;
  /** Leaves out commands that only read where they end a pipeline or are all of it: for a scope in which they need no approval. */
  readonly passOverSafe: boolean;
}

const ASSIGNMENT = /^[A-Za-z_]\w*=[A-Za-z0-9_./:,@+-]*$/;
const LEADING_ASSIGNMENT = /^\s*([A-Za-z_]\w*=[A-Za-z0-9_./:,@+-]*)[ \t]+(?=\S)/;

/**
 * Reduces a command line to pipelines, so that an approval covers the same work spelled another way: `cd sub && make` is
 * `make` run in `sub`, `A=1 make` is `env A=1 make`, `bash -lc make` is `make`. A pipeline stays whole: its parts together do
 * what none does alone. A line that is not very plain is kept as it is.
 */
export function canonicalCommands(options: CanonicalOptions): readonly ApprovedCommand[] {
  const { argv, cwd } = options;
  const script = shellScript(argv);
  if (script === null) {
    const { env, words } = withoutEnvProgram(argv);
    return [{ cwd, env, pipeline: [words] }];
  }
  const { env, rest } = withoutAssignments(script);
  const scanned = scanScript(rest);
  const asItIs = [{ cwd, env: [], pipeline: [argv] }];
  if (scanned === undefined || scanned.commands.length === 0) return asItIs;
  // An assignment affects the first command only.
  if (env.length > 0 && scanned.commands.length > 1) return asItIs;
  return pipelinesOf(scanned, { ...options, assigned: env }) ?? asItIs;
}

interface PipelineOptions extends CanonicalOptions {
  readonly assigned: readonly string[];
}

/** Null where the directory of some part is unknown. */
function pipelinesOf({ commands, signs }: ScannedScript, options: PipelineOptions): ApprovedCommand[] | null {
  const { assigned, passOverSafe } = options;
  const found: ApprovedCommand[] = [];
  let { cwd } = options;
  let pipeline: PlainCommand[] = [];
  for (const [at, command] of commands.entries()) {
    pipeline.push(command);
    if (signs[at] === '|') continue;
    if (pipeline.some(([program]) => program?.text === 'cd')) {
      const target = pipeline.length === 1 && signs[at] === '&&' ? plainTarget(command, options) : null;
      if (target === null) return null;
      cwd = resolve(cwd, target);
    } else {
      const asked = passOverSafe ? withoutSafeEnd(pipeline) : pipeline;
      if (asked.length > 0) found.push({ cwd, env: assigned, pipeline: asked.map(textsOf) });
    }
    pipeline = [];
  }
  return found.length === 0 ? null : found;
}

function plainTarget([, ...args]: PlainCommand, { env }: CanonicalOptions): string | null {
  const [target] = args;
  if (args.length !== 1 || target === undefined || env['CDPATH'] !== undefined) return null;
  return /^[-~]/.test(target.text) || target.text === '' ? null : target.text;
}

/** A reading command at the end sees only output; further to the left it may feed another command. */
function withoutSafeEnd(pipeline: readonly PlainCommand[]): readonly PlainCommand[] {
  return pipeline.slice(0, pipeline.findLastIndex((command) => !isKnownSafe(command)) + 1);
}

function withoutAssignments(script: string): { readonly env: readonly string[]; readonly rest: string } {
  const env: string[] = [];
  let rest = script;
  for (let found = LEADING_ASSIGNMENT.exec(rest); found; found = LEADING_ASSIGNMENT.exec(rest)) {
    env.push(found[1] ?? '');
    rest = rest.slice(found[0].length);
  }
  return { env: byName(env), rest };
}

/** `env A=1 make`, without options of `env`. */
function withoutEnvProgram(argv: readonly string[]): {
  readonly env: readonly string[];
  readonly words: readonly string[];
} {
  if (argv[0] !== 'env') return { env: [], words: argv };
  const end = argv.findIndex((word, at) => at > 0 && !ASSIGNMENT.test(word));
  const program = argv[end];
  if (end <= 1 || program === undefined || program.startsWith('-') || program.includes('='))
    return { env: [], words: argv };
  return { env: byName(argv.slice(1, end)), words: argv.slice(end) };
}

/** Assignments sorted by name; the order of several for one name is kept, since the last one counts. */
function byName(assignments: readonly string[]): string[] {
  const nameOf = (assignment: string) => assignment.slice(0, assignment.indexOf('='));
  return assignments.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : Number(nameOf(a) > nameOf(b))));
}
