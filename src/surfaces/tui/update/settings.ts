import type { SettingsUpdate } from '../../../foundation/protocol/index.ts';
import type { ThreadSettings } from '../message.ts';
import type { State } from '../state.ts';
import { only, type Step, step } from './step.ts';

/** Other settings for later turns of the thread. */
export function withSettings(state: State, change: Partial<ThreadSettings>): Step {
  const { thread } = state;
  if (thread === null) return only(state);
  const settings = { ...thread.settings, ...change };
  const update: SettingsUpdate = change;
  const op = { type: 'overrideTurnContext', settings: update } as const;
  return step({ ...state, thread: { ...thread, settings } }, { type: 'submit', op });
}
