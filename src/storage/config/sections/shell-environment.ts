import { holdsSecret, isSecretVariable } from '../../../foundation/secrets/index.ts';
import { secretValues } from '../known-secrets.ts';
import type { Config, ShellEnvironmentPolicy } from '../types.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** No command works without these, and a directory may be called as it likes: the form of the value makes them no secret. */
const CORE_VARIABLES = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER', 'USERNAME', 'TMPDIR', 'TEMP', 'TMP'];
/** keel's own switches never reach a command, whatever the policy. */
const OWN_PATTERNS = ['KEEL_*', 'CODEX_*'];

/** What `commandEnvironment` needs of the configuration. */
export interface EnvironmentSettings extends Pick<Config, 'secrets' | 'env' | 'storedKey'> {
  readonly shellEnvironmentPolicy: Omit<ShellEnvironmentPolicy, 'useProfile'>;
}

/**
 * The environment of a command: what the policy lets through of `base`, without secrets, with what it sets. Patterns are
 * globs over whole names (`*`, `?`), blind to case. No policy lets through keel's own switches, a variable that settings name
 * as a secret's, or one that has a known secret in it under any name; only a value that the policy itself sets.
 */
export function commandEnvironment(settings: EnvironmentSettings, base: Environment): Record<string, string> {
  const { shellEnvironmentPolicy: policy, secrets } = settings;
  const excluded = matcher(policy.exclude);
  const own = matcher(OWN_PATTERNS);
  const named = new Set(secrets.variables.map((name) => name.toUpperCase()));
  const known = [...secretValues({ ...settings, env: {} }), ...namedValues(secrets.variables, settings.env, base)];
  const isWithheld = (name: string, value: string) => {
    const upper = name.toUpperCase();
    if (own(name) || named.has(upper)) return true;
    if (CORE_VARIABLES.includes(upper)) return known.includes(value);
    return holdsSecret(value, known) || (!policy.ignoreDefaultExcludes && isSecretVariable(name, value));
  };
  const kept = startSet(policy.inherit, base).filter(([name, value]) => !excluded(name) && !isWithheld(name, value));
  const all = { ...Object.fromEntries(kept), ...policy.set };
  if (policy.includeOnly.length === 0) return all;
  const included = matcher(policy.includeOnly);
  return Object.fromEntries(Object.entries(all).filter(([name]) => included(name)));
}

const WHOLE: EnvironmentSettings['shellEnvironmentPolicy'] = {
  inherit: 'all',
  ignoreDefaultExcludes: true,
  exclude: [],
  set: {},
  includeOnly: [],
};

/** The environment of a program that the user's settings name: their own, without the keys of providers. */
export function programEnvironment(
  settings: Omit<EnvironmentSettings, 'shellEnvironmentPolicy'>,
): Record<string, string> {
  return commandEnvironment({ ...settings, shellEnvironmentPolicy: WHOLE }, settings.env);
}

/** The keys are known by the variables of keel's own environment and by those that login files set. */
function namedValues(names: readonly string[], ...environments: readonly Environment[]): string[] {
  return environments.flatMap((env) => names.flatMap((name) => env[name]?.trim() || []));
}

function startSet(inherit: ShellEnvironmentPolicy['inherit'], base: Environment): [string, string][] {
  const all = Object.entries(base).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (inherit === 'all') return all;
  return inherit === 'none' ? [] : all.filter(([name]) => CORE_VARIABLES.includes(name.toUpperCase()));
}

function matcher(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.map((glob) => {
    const escaped = glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${escaped}$`, 'i');
  });
  return (name) => patterns.some((pattern) => pattern.test(name));
}
