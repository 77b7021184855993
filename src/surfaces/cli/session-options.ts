import type { SandboxMode } from '../../foundation/protocol/index.ts';
import type { LocalServerKind } from '../../storage/config/index.ts';
import type { readCommandLine } from './command-line.ts';
import type { CommandSpec, OptionSpecs } from './command-spec.ts';
import { UsageError } from './usage.ts';

// Not read from the protocol's schemas, which a start of the terminal would have to wait for.
const SANDBOX_MODES: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
const LOCAL_SERVERS: readonly LocalServerKind[] = ['ollama', 'lmstudio'];

/** The options of every command that opens a session, in the order of help: of the model, */
export const modelOptions = {
  model: { type: 'string', short: 'm', value: 'MODEL', about: 'model to use' },
  oss: { type: 'boolean', about: 'use a model on this machine; fetch it if it is missing' },
  'local-provider': {
    ...{ type: 'string', value: 'SERVER', choices: LOCAL_SERVERS },
    about: 'the same, from this server: ollama or lmstudio',
  },
  image: {
    ...{ type: 'string', short: 'i', multiple: true, value: 'FILE' },
    about: 'image to send before the prompt; repeat it or separate with commas',
  },
} as const satisfies OptionSpecs;

/** of what it is allowed to do, */
export const accessOptions = {
  cd: { type: 'string', short: 'C', value: 'DIR', about: 'working directory' },
  sandbox: {
    ...{ type: 'string', short: 's', value: 'MODE', choices: SANDBOX_MODES },
    about: 'where commands may write: read-only, workspace-write or danger-full-access',
  },
  'full-auto': { type: 'boolean', about: 'the same as --sandbox workspace-write' },
  'dangerously-bypass-approvals-and-sandbox': {
    ...{ type: 'boolean', also: 'yolo' },
    about: 'no sandbox and no questions',
  },
  yolo: { type: 'boolean' },
  'add-dir': { type: 'string', multiple: true, value: 'DIR', about: 'another writable directory; repeatable' },
} as const satisfies OptionSpecs;

/** and of settings. */
export const settingOptions = {
  config: {
    ...{ type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE' },
    about: 'override a setting; repeatable',
  },
  profile: { type: 'string', short: 'p', value: 'NAME', about: 'profile of the configuration' },
  enable: { type: 'string', multiple: true, value: 'FEATURE', about: 'switch a feature on; repeatable' },
  disable: { type: 'string', multiple: true, value: 'FEATURE', about: 'switch a feature off; repeatable' },
  'strict-config': { type: 'boolean', about: 'treat an unknown key in the configuration as an error' },
} as const satisfies OptionSpecs;

export const sessionHeadings = {
  model: 'The model',
  cd: 'What it is allowed to do',
  config: 'Settings',
} as const;

const sessionSpec = {
  usage: [],
  about: [],
  options: { ...modelOptions, ...accessOptions, ...settingOptions },
} as const satisfies CommandSpec;

type Given = ReturnType<typeof readCommandLine<typeof sessionSpec.options>>['values'];

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
