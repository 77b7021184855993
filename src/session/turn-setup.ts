import type { TurnContext } from '../context/index.ts';
import { isAzure } from '../model/index.ts';
import type { TurnSetup } from '../protocol/index.ts';
import type { SessionServices } from './session-services.ts';
import { toolsOf } from './turn-tools.ts';

/** Those that shape a turn's requests and are settings, not code: with them a replay depends on no other machine. */
export function turnSetup(context: TurnContext, services: SessionServices, focus: string | null): TurnSetup {
  const { config, persona } = services;
  const { verbosity, baseInstructions, compactPrompt, compactModel, toolSet } = config;
  const { contextWindow, autoCompactTokenLimit, supportsReasoningSummaries } = config;
  return {
    task: context.taskKind,
    tools: toolsOf(services, context.model),
    retries: { request: config.provider.requestMaxRetries, stream: config.provider.streamMaxRetries },
    ...(persona === null ? {} : { without_tools: [...persona.withoutTools] }),
    ...(toolSet === null ? {} : { tool_set: toolSet }),
    ...(contextWindow === null ? {} : { context_window: contextWindow }),
    ...(autoCompactTokenLimit === null ? {} : { auto_compact_token_limit: autoCompactTokenLimit }),
    ...(supportsReasoningSummaries === null ? {} : { supports_reasoning_summaries: supportsReasoningSummaries }),
    ...(verbosity === null ? {} : { verbosity }),
    ...(baseInstructions === null ? {} : { base_instructions: baseInstructions }),
    ...(context.outputSchema === undefined ? {} : { output_schema: context.outputSchema }),
    ...(compactPrompt === null ? {} : { compact_prompt: compactPrompt }),
    ...(compactModel === null ? {} : { compact_model: compactModel }),
    ...(focus === null ? {} : { focus }),
    ...(isAzure(config.provider) ? { store: true } : {}),
  };
}
