import type { ThreadOrigin } from '../../engine/threads/index.ts';
import type { Config, Environment, LoadedConfig, OtherProvider } from '../../storage/config/index.ts';
import type { ProviderChoice } from './message.ts';

/** A thread that the workers of a fleet run. `url`: of its front. */
export interface FleetOrigin {
  readonly type: 'fleet';
  readonly url: string;
  readonly id: string;
}

/** What the terminal is opened with. */
export interface TuiOptions {
  readonly version: string;
  readonly env: Environment;
  /** A thread, the list of threads to choose one from, or a thread of a fleet. */
  readonly origin: ThreadOrigin | { readonly type: 'choose'; readonly verb: 'resume' | 'fork' } | FleetOrigin;
  /** Sent when the thread is open; null: nothing is. */
  readonly prompt: string | null;
  /** The command line asks for lines that are only ever added. */
  readonly isForScreenReader: boolean;
  /** Absolute paths of images that go with the prompt. */
  readonly images: readonly string[];
  /**
   * Reads the configuration with what the command line says on top, and the user's choice of a provider on top of that. Called again
   * after an answer about trust.
   */
  readonly loadConfig: (choice?: ProviderChoice) => Promise<Config>;
  /** Reads it as it would be if the project was trusted. */
  readonly loadTrusted: () => Promise<LoadedConfig>;
  /** Reads which providers there are beside the one in use. @param inUse its id */
  readonly otherProviders: (inUse: string) => Promise<readonly OtherProvider[]>;
  /** The profile that the command line names; null: none. */
  readonly profile: string | null;
  /** The settings as `keel config` shows them. */
  readonly describeConfig: () => Promise<string>;
  /** The command line says how far commands may reach, so nothing is asked about trust. */
  readonly isAccessGiven: boolean;
  /** Has the demo follow when the terminal is closed; null: this is the demo. */
  readonly startDemo: (() => void) | null;
  /** Whether the thread is still there when keel is closed. */
  readonly canResume: boolean;
  /** Said at the start, such as that a demo is running. */
  readonly notices: readonly string[];
}
