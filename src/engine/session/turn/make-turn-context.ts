import { noteMark, renderInstructions, type TurnContext } from '../../../context/index.ts';
import type { TaskKind } from '../../../foundation/protocol/index.ts';
import { type ModelOverrides, modelInfo } from '../../../models/catalogue/index.ts';

import type { Config } from '../../../storage/config/index.ts';
import type { TurnOffer } from '../../../storage/rollout/index.ts';
import { formatPattern } from '../../../system/network/index.ts';
import type { SessionServices } from '../services.ts';
import type { SessionState } from '../state.ts';

import { localDate } from './first-context.ts';
import { type ToolSettings, toolsOf } from './ports/offered-tools.ts';

export interface ContextStart {
  readonly turnId: string;
  readonly taskKind: TaskKind;
  readonly outputSchema: unknown;
  /** What a turn that continues keeps offering the same model; null: that is to be chosen. */
  readonly offer?: TurnOffer | null;
}

/** The parts of a session's services from which a turn's context is made. */
export interface ContextSources extends Pick<SessionServices, 'threadId' | 'digests' | 'now' | 'canAsk'>, ToolSettings {
  readonly editResults: Pick<SessionServices['editResults'], 'formOf'>;
  readonly config: ModelOverrides &
    Pick<
      Config,
      | 'approvalPolicy'
      | 'sandboxPolicy'
      | 'toolSet'
      | 'tools'
      | 'webFetch'
      | 'webSearch'
      | 'baseInstructions'
      | 'addedInstructions'
      | 'shellEnvironmentPolicy'
    > & {
      readonly sandbox: Pick<Config['sandbox'], 'network' | 'allowGitCommit'>;
    };
}

/** Makes the context of a turn from the session's settings as they are now. The only place that does. */
export function makeTurnContext(
  state: Pick<SessionState, 'configuration'>,
  services: ContextSources,
  start: ContextStart,
): TurnContext {
  const { configuration } = state;
  const { config, threadId } = services;
  const known = modelInfo(configuration.model, config);
  const model = { ...known, patchForm: services.editResults.formOf(known) };
  const { offer = null } = start;
  const offered = offer?.tools ?? toolsOf(services, model);
  const mayAsk = services.canAsk && (config.approvalPolicy !== 'never' || configuration.approvalPolicy !== 'never');
  return {
    threadId,
    turnId: start.turnId,
    taskKind: start.taskKind,
    cwd: configuration.cwd,
    date: localDate(services.now()),
    approvalPolicy: services.canAsk ? configuration.approvalPolicy : 'never',
    sandboxPolicy: configuration.sandboxPolicy,
    allowedHosts: config.sandbox.network?.allowed.map(formatPattern) ?? null,
    canAsk: services.canAsk,
    offersEscalation: offer?.escalation ?? mayAsk,
    offersKeepRunning: offer?.keepRunning ?? config.sandboxPolicy.mode === 'danger-full-access',
    allowsCommits: config.sandbox.allowGitCommit,
    model,
    effort: configuration.effort,
    summary: configuration.summary,
    instructions: renderInstructions({
      model,
      tools: offered,
      override: config.baseInstructions,
      added: config.addedInstructions,
    }),
    outputSchema: start.outputSchema,
    shellEnvironmentPolicy: config.shellEnvironmentPolicy,
    noteMark: noteMark(threadId, services.digests),
  };
}
