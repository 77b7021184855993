import type { Probe } from './probe.ts';

/** One thing that is checked. */
export interface Check {
  readonly name: string;
  /** keel can't work without it. */
  readonly isNeeded: boolean;
  run(probe: Probe): Promise<Outcome>;
}

/**
 * How one check ended. `works`; `partly`: keel gets by, and `detail` says what is missing; `fails`; `skipped`: an earlier failure
 * left nothing to find out.
 */
export interface Finding {
  readonly check: string;
  readonly state: 'works' | 'partly' | 'fails' | 'skipped';
  /** In words, for people. */
  readonly detail: string;
  /** Lines of config.toml that help. */
  readonly settings: readonly string[];
}

export type Outcome = Omit<Finding, 'check' | 'settings'> & { readonly settings?: readonly string[] };

export function works(detail: string): Outcome {
  return { state: 'works', detail };
}

export function partly(detail: string, ...settings: readonly string[]): Outcome {
  return { state: 'partly', detail, settings };
}

export function fails(detail: string, ...settings: readonly string[]): Outcome {
  return { state: 'fails', detail, settings };
}
