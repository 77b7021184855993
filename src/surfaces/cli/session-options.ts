import type { SandboxMode } from '../../foundation/protocol/index.ts';
import type { LocalServerKind } from '../../storage/config/index.ts';
import type { readCommandLine } from './command-line.ts';
import { UsageError } from './usage.ts';

const flag = { type: 'boolean' } as const;
const value = { type: 'string' } as const;
const values = { type: 'string', multiple: true } as const;

/** The options of every command that opens a session: `keel exec` and the terminal. */
export const sessionOptions = {
  model: { ...value, short: 'm' },
  oss: flag,
  'local-provider': value,
  image: { ...values, short: 'i' },
  cd: { ...value, short: 'C' },
  sandbox: { ...value, short: 's' },
  'full-auto': flag,
  'dangerously-bypass-approvals-and-sandbox': flag,
  yolo: flag,
  'add-dir': values,
  config: { ...values, short: 'c' },
  profile: { ...value, short: 'p' },
  enable: values,
  disable: values,
  'strict-config': flag,
} as const;

type Given = ReturnType<typeof readCommandLine<typeof sessionOptions>>['values'];

// Not read from the protocol's schemas, which a start of the terminal would have to wait for.
const SANDBOX_MODES: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
const LOCAL_SERVERS: readonly LocalServerKind[] = ['ollama', 'lmstudio'];

/** Whether commands run with no sandbox and no questions. */
export function isUnbounded(given: Given): boolean {
  return (given.yolo || given['dangerously-bypass-approvals-and-sandbox']) ?? false;
}

/** The sandbox that was chosen; null: none. @throws UsageError */
export function sandboxModeOf(given: Given): SandboxMode | null {
  if (given['full-auto'] && isUnbounded(given)) {
    throw new UsageError('--full-auto and --dangerously-bypass-approvals-and-sandbox exclude each other');
  }
  const mode = choiceOf('sandbox', given.sandbox, SANDBOX_MODES);
  if (mode !== null && (given['full-auto'] || isUnbounded(given))) {
    const other = given['full-auto'] ? '--full-auto' : '--dangerously-bypass-approvals-and-sandbox (--yolo)';
    throw new UsageError(`--sandbox and ${other} exclude each other: both choose the sandbox`);
  }
  if (given['full-auto']) return 'workspace-write';
  return isUnbounded(given) ? 'danger-full-access' : mode;
}

/** @throws UsageError */
export function localProviderOf(given: Given): LocalServerKind | null {
  return choiceOf('local-provider', given['local-provider'], LOCAL_SERVERS);
}

/** What `-c`, `--enable` and `--disable` set, in this order. */
export function overridesOf(given: Given): readonly string[] {
  return [
    ...(given.config ?? []),
    ...(given.enable ?? []).map((feature) => `features.${feature}=true`),
    ...(given.disable ?? []).map((feature) => `features.${feature}=false`),
  ];
}

/** @throws UsageError */
export function imagesOf({ image = [] }: Given): readonly string[] {
  return image.flatMap((list) => {
    const files = list.split(',').filter((file) => file !== '');
    if (files.length === 0) throw new UsageError('--image: a file name is expected');
    return files;
  });
}

/** The word as one of the choices; null if it was not given. @throws UsageError */
export function choiceOf<T extends string>(name: string, word: string | undefined, choices: readonly T[]): T | null {
  if (word === undefined) return null;
  const choice = choices.find((one) => one === word);
  if (choice === undefined) throw new UsageError(`--${name} is one of ${choices.join(', ')}, not "${word}"`);
  return choice;
}

/** The word as a count; null if it was not given. @throws UsageError */
export function countOf(name: string, word: string | undefined, least: number): number | null {
  if (word === undefined) return null;
  if (!/^\d{1,9}$/.test(word) || Number(word) < least) {
    throw new UsageError(`--${name}: a whole number from ${least} is expected, not "${word}"`);
  }
  return Number(word);
}
