import { userMessage } from '../../context/index.ts';
import { uuidV7 } from '../../foundation/util/index.ts';
import { loadWire } from '../../models/client/index.ts';
import { type Config, programSearch } from '../../storage/config/index.ts';
import { NO_REQUEST, NullRecorder } from '../../storage/rollout/index.ts';
import { gatherRepositoryFacts } from '../../system/git/index.ts';
import { specsFor } from '../../tools/index.ts';
import { knownAddedTools } from './environment/added-tools.ts';
import { firstSkillList, skillsFor } from './environment/session-skills.ts';
import { openServices } from './services.ts';
import { initialConfiguration } from './settings.ts';
import { SessionState } from './state.ts';
import { emptyConversation } from './thread/rebuild-conversation.ts';
import { firstContext } from './turn/first-context.ts';
import { makeTurnContext } from './turn/make-turn-context.ts';
import { toolsOf } from './turn/ports/offered-tools.ts';

export interface DescribedRequest {
  readonly url: string;
  /** The body, byte for byte. */
  readonly body: string;
  readonly parts: readonly { readonly name: string; readonly text: string }[];
}

export interface DescribeOptions {
  readonly config: Config;
  readonly prompt: string;
  readonly version: string;
  /** Whether somebody answers approvals, as in a terminal. Default false, as for `keel exec`. */
  readonly canAsk?: boolean;
  readonly signal?: AbortSignal;
  /** Called with each warning that the user would see before the request. */
  readonly onWarning?: (message: string) => void;
}

/** The first request of a thread, made by the code that makes it for a session, and not sent. */
export async function describeFirstRequest({
  config,
  prompt,
  version,
  canAsk = false,
  signal = new AbortController().signal,
  onWarning = () => undefined,
}: DescribeOptions): Promise<DescribedRequest> {
  const services = openServices({
    config,
    wire: await loadWire(config.provider.wireApi),
    threadId: uuidV7(Date.now()),
    recorder: new NullRecorder(),
    lastRequest: NO_REQUEST,
    digests: 'cyrb53',
    lease: null,
    source: 'exec',
    originator: 'keel_exec',
    version,
    canAsk,
    now: Date.now,
  });
  try {
    const state = new SessionState(initialConfiguration(config), emptyConversation());
    const context = makeTurnContext(state, services, { turnId: '0', taskKind: 'regular', outputSchema: undefined });
    const { env, roots } = programSearch(config);
    const [repository, skills] = await Promise.all([
      gatherRepositoryFacts(config.cwd, env, { roots }),
      firstSkillList(context, services, signal, onWarning),
    ]);
    state.record(firstContext(context, services, { repository, skills, onWarning }));
    state.record([await userMessage([{ type: 'text', text: prompt }], config.cwd)]);
    state.record(await skillsFor(prompt, context, services, signal, onWarning));
    // The tools that servers listed when they were last reached: none is started for this.
    const { registry, names } = knownAddedTools(services, null);
    const tools = specsFor(registry, [...toolsOf(services, context.model), ...names], context);
    const input = state.history.forPrompt();
    const request = services.modelClient(context).describe({
      instructions: context.instructions,
      input,
      tools,
      parallelToolCalls: context.model.supportsParallelToolCalls,
    });
    const items = input.map((item, at) => ({ name: `input ${at}`, text: JSON.stringify(item) }));
    const specs = tools.map((tool) => ({
      name: `tool ${'name' in tool ? tool.name : tool.type}`,
      text: JSON.stringify(tool),
    }));
    const parts = [{ name: 'instructions', text: context.instructions }, ...specs, ...items];
    return { url: request.url, body: request.body, parts };
  } finally {
    await services.close();
  }
}
