import type { TurnContext } from '../../../context/index.ts';
import type { TurnSetup } from '../../../foundation/protocol/index.ts';
import { isAzure, modelInfo, overridesFor } from '../../../models/catalogue/index.ts';
import type { SessionServices } from '../services.ts';
import { toolsOf, toolsWithout } from './ports/offered-tools.ts';
import { asksBeforeEnd } from './ports/open-work.ts';

import { budgetOf } from './request-budget.ts';

export interface TurnSetupParts {
  readonly context: TurnContext;
  readonly services: SessionServices;
  /** What a compaction should keep in particular. */
  readonly focus: string | null;
  /** Names of the tools that servers give the turn. */
  readonly mcpTools: readonly string[];
}

/** The settings that shape a turn's requests, so that a replay depends on no other machine. */
export function turnSetup({ context, services, focus, mcpTools }: TurnSetupParts): TurnSetup {
  const { config, agentLevels } = services;
  const without = toolsWithout(services, context.model);
  const budget = budgetOf(context, config);
  const { verbosity, baseInstructions, addedInstructions, compactPrompt, compactModel, toolSet } = config;
  const { autoCompactTokenLimit, provider } = config;
  const own = overridesFor(context.model.slug, config);
  const { contextWindow, supportsReasoningSummaries, maxOutputTokens } = own;
  return {
    task: context.taskKind,
    model: context.model.slug,
    tools: [...toolsOf(services, context.model), ...mcpTools],
    retries: { request: provider.requestMaxRetries, stream: provider.streamMaxRetries },
    ...(without.length === 0 ? {} : { without_tools: without }),
    ...(toolSet === null ? {} : { tool_set: toolSet }),
    ...(contextWindow === null ? {} : { context_window: contextWindow }),
    ...(autoCompactTokenLimit === null ? {} : { auto_compact_token_limit: autoCompactTokenLimit }),
    ...(maxOutputTokens === null ? {} : { max_output_tokens: maxOutputTokens }),
    ...(supportsReasoningSummaries === null ? {} : { supports_reasoning_summaries: supportsReasoningSummaries }),
    ...(verbosity === null ? {} : { verbosity }),
    ...(baseInstructions === null ? {} : { base_instructions: baseInstructions }),
    ...(addedInstructions === null ? {} : { added_instructions: addedInstructions }),
    ...(context.outputSchema === undefined ? {} : { output_schema: context.outputSchema }),
    ...(compactPrompt === null ? {} : { compact_prompt: compactPrompt }),
    ...(compactModel === null ? {} : { compact_model: compactModel }),
    ...(config.fallbackModel === null || config.fallbackModel === context.model.slug
      ? {}
      : { fallback_model: config.fallbackModel }),
    ...(focus === null ? {} : { focus }),
    ...(agentLevels > 0 ? agentSetup(services) : {}),
    ...(config.elideOutputs ? {} : { elide_outputs: false }),
    ...(asksBeforeEnd(context, services) ? { verify: true, verify_tree: true } : {}),
    ...(budget === null ? {} : { budget }),
    ...(context.allowedHosts === null ? {} : { allowed_hosts: [...context.allowedHosts] }),
    ...(context.model.patchForm === modelInfo(context.model.slug).patchForm
      ? {}
      : { patch_form: context.model.patchForm }),
    ...(config.webFetch ? { web_fetch: true } : {}),
    ...(config.webSearch ? { web_search: true } : {}),
    ...(services.asksQuestions ? { questions: true } : {}),
    ...(context.offersEscalation ? {} : { escalation: false }),
    ...(context.offersKeepRunning ? { keep_running: true } : {}),
    ...(context.allowsCommits ? { allow_git_commit: true } : {}),
    ...(isAzure(provider) ? { store: true } : {}),
    ...(provider.wireApi === 'responses' ? {} : { wire_api: provider.wireApi }),
    provider: provider.id,
  };
}

/** Only the parts of a role that the tool's description shows: the rest shapes the subagent's own thread. */
function agentSetup({ config, agentLevels }: SessionServices): Pick<TurnSetup, 'agent_levels' | 'agent_roles'> {
  const roles = config.agents.roles.map(({ name, description }) => ({ name, description }));
  return { agent_levels: agentLevels, ...(roles.length === 0 ? {} : { agent_roles: roles }) };
}
