import { agentRoles, type TurnContext } from '../../../context/index.ts';
import {
  ReasoningSummary,
  TaskKind,
  type TurnContextRecord,
  type TurnSetup,
} from '../../../foundation/protocol/index.ts';
import type { DigestKind } from '../../../foundation/util/index.ts';
import { modelInfo, type ServerFacts } from '../../../models/catalogue/index.ts';
import { ModelClient, type RequestFingerprints } from '../../../models/client/index.ts';
import type { WireMaker } from '../../../models/wires/index.ts';
import { builtinTools, registerAgentTools, type ToolRegistry } from '../../../tools/index.ts';
import { type ContextSources, makeTurnContext } from '../turn/make-turn-context.ts';
import { ALL_TOOLS, type ToolSettings } from '../turn/ports/offered-tools.ts';

/** The recorded settings of a turn, from which the same code makes the same context again. */
export interface RecordedSettings {
  readonly threadId: string;
  readonly digests: DigestKind;
  readonly turnId: string;
  readonly context: TurnContextRecord;
  /** Null: an older version or another program recorded the turn and kept none; the defaults apply. */
  readonly setup: TurnSetup | null;
}

/** The context that the turn would have now. Nothing of this machine enters it. */
export function replayedContext({ threadId, digests, turnId, context, setup }: RecordedSettings): TurnContext {
  const sources: ContextSources = {
    threadId,
    digests,
    // The date of the turn is a part of its context and of nothing else that is made here.
    now: () => Date.parse(`${context.date ?? '1970-01-01'}T12:00:00`),
    canAsk: context.can_ask ?? true,
    editResults: { formOf: ({ patchForm }) => setup?.patch_form ?? patchForm },
    ...recordedTools(setup),
    config: {
      ...recordedTools(setup).config,
      approvalPolicy: context.approval_policy,
      sandboxPolicy: context.sandbox_policy,
      sandbox: { network: null, allowGitCommit: setup?.allow_git_commit ?? false },
      contextWindow: setup?.context_window ?? null,
      autoCompactTokenLimit: setup?.auto_compact_token_limit ?? null,
      maxOutputTokens: setup?.max_output_tokens ?? null,
      supportsReasoningSummaries: setup?.supports_reasoning_summaries ?? null,
      baseInstructions: setup?.base_instructions ?? null,
      addedInstructions: setup?.added_instructions ?? null,
      shellEnvironmentPolicy: NO_POLICY,
    },
  };
  const configuration = {
    cwd: context.cwd,
    approvalPolicy: context.approval_policy,
    sandboxPolicy: context.sandbox_policy,
    model: context.model,
    effort: context.effort ?? null,
    summary: ReasoningSummary.safeParse(context.summary).data ?? 'auto',
  };
  const taskKind = TaskKind.safeParse(setup?.task).data ?? 'regular';
  const start = { turnId, taskKind, outputSchema: setup?.output_schema };
  return {
    ...makeTurnContext({ configuration }, sources, start),
    // They are recorded as the model was sent them.
    allowedHosts: setup?.allowed_hosts ?? null,
    offersEscalation: setup?.escalation ?? true,
    offersKeepRunning: setup?.keep_running ?? false,
  };
}

/** The settings by which the tools of the turn are chosen. */
export function recordedTools(setup: TurnSetup | null): ToolSettings {
  return {
    child: setup?.without_tools === undefined ? null : { withoutTools: setup.without_tools },
    agentLevels: setup?.agent_levels ?? 0,
    asksQuestions: setup?.questions ?? false,
    config: {
      toolSet: setup?.tool_set ?? null,
      tools: ALL_TOOLS,
      webFetch: setup?.web_fetch ?? false,
      webSearch: setup?.web_search ?? false,
    },
  };
}

/** All tools that keel comes with, those about subagents as the turn's roles describe them. */
export function recordedRegistry(setup: TurnSetup | null): ToolRegistry {
  const registry = builtinTools();
  const roles = (setup?.agent_roles ?? []).map((role) => ({ ...PLAIN_ROLE, ...role }));
  registerAgentTools(registry, agentRoles(roles));
  return registry;
}

const PLAIN_ROLE = {
  model: null,
  effort: null,
  instructions: null,
  baseInstructions: null,
  sandboxMode: null,
} as const;

const NO_POLICY = {
  inherit: 'none',
  ignoreDefaultExcludes: false,
  exclude: [],
  set: {},
  includeOnly: [],
  useProfile: false,
} as const;

export interface SilentClientOptions {
  readonly setup: TurnSetup | null;
  /** Speaks the API that the turn's setup names. */
  readonly wire: WireMaker;
  readonly fingerprints: RequestFingerprints;
  /** Null: the turn's. */
  readonly model: string | null;
  /** Learned by the turns so far of their server. */
  readonly facts: ServerFacts;
}

/** A client that knows what it would send, and never sends. */
export function silentClient(
  context: TurnContext,
  { setup, wire, fingerprints, model, facts }: SilentClientOptions,
): ModelClient {
  const { threadId, effort, summary } = context;
  const overrides = {
    contextWindow: setup?.context_window ?? null,
    maxOutputTokens: setup?.max_output_tokens ?? null,
    supportsReasoningSummaries: setup?.supports_reasoning_summaries ?? null,
  };
  return new ModelClient({
    wire,
    provider: { ...NO_PROVIDER, id: setup?.provider ?? 'none', name: setup?.store ? 'azure' : 'none' },
    model: model === null ? context.model : modelInfo(model, overrides),
    threadId,
    effort,
    summary,
    verbosity: setup?.verbosity ?? null,
    originator: 'keel_replay',
    userAgent: 'keel_replay',
    sessionSource: 'exec',
    credentials: () => ({ bearer: null, source: 'no key', headers: {} }),
    transport: {
      send: () => Promise.reject(new Error('a replay sends nothing')),
      close: () => undefined,
    },
    fingerprints,
    serverFacts: facts,
  });
}

const NO_PROVIDER = {
  id: 'none',
  baseUrl: 'http://none.invalid',
  wireApi: 'responses',
  queryParams: {},
  httpHeaders: {},
  envHttpHeaders: {},
  requestMaxRetries: 0,
  streamMaxRetries: 0,
  streamIdleTimeoutMs: 0,
  requiresOpenaiAuth: false,
} as const;
