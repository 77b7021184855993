import type { ModelProvider } from '../../storage/config/index.ts';

/**
 * How one server differs from the published API. Plain data: a row below knows it of a provider, a refusal
 * teaches it for the rest of a session, and the request builders read it with every request.
 */
export interface WireQuirks {
  /** Chat: `stream_options.include_usage`. */
  readonly streamOptions: 'sent' | 'omitted';
  /** `parallel_tool_calls`, which some models don't know. */
  readonly parallelToolCalls: 'sent' | 'omitted';
  /** `tool_choice: "none"`. Omitted, the tools stay offered and the words of the request have to do. */
  readonly toolChoiceNone: 'sent' | 'omitted';
  /** The effort, in the field of the API. */
  readonly reasoningEffort: 'sent' | 'omitted';
  /** The form of the final message, as the API's own field. */
  readonly outputSchema: 'sent' | 'omitted';
  /** `alternating`: one system message, then user and assistant in turn, no user message right after a tool result. */
  readonly roles: 'free' | 'alternating';
  /** Chat: the role of the instructions. `user`: they open the first user message. */
  readonly systemRole: 'system' | 'developer' | 'user';
  /**
   * Chat: what the model thought goes back in the field in which it came (`received`), in that field and with a
   * placeholder in `reasoning_content` where a message with calls has no thought (`required`), or not at all (`omitted`).
   */
  readonly reasoningField: 'received' | 'required' | 'omitted';
  /** Fields of the server's own, which go back to it as they came. */
  readonly extraFields: 'received' | 'omitted';
  /** Chat: `required` gives the first call of a message that has no Gemini `thought_signature` the documented placeholder. */
  readonly callSignature: 'received' | 'required';
  /** `nine`: nine letters and digits. */
  readonly callIds: 'free' | 'nine';
  /** `omitted`: a text replaces every picture. */
  readonly pictures: 'sent' | 'omitted';
}

const NO_QUIRKS: WireQuirks = {
  streamOptions: 'sent',
  parallelToolCalls: 'sent',
  toolChoiceNone: 'sent',
  reasoningEffort: 'sent',
  outputSchema: 'sent',
  roles: 'free',
  systemRole: 'system',
  reasoningField: 'received',
  extraFields: 'received',
  callSignature: 'received',
  callIds: 'free',
  pictures: 'sent',
};

/** For what is to be the same whoever serves a model. */
export const NO_HOST = { id: '', baseUrl: '' } as const;

interface QuirkRow {
  /** Id of a built-in provider, at whatever address. */
  readonly id?: string;
  /** Host of the base URL, without a port; also of its subdomains. */
  readonly hosts?: readonly string[];
  /** Matches the slug behind a vendor's path. */
  readonly model?: RegExp;
  readonly quirks: Partial<WireQuirks>;
}

/** See `docs/models.md` for what each row was taken from. A later row wins. */
const ROWS: readonly QuirkRow[] = [
  {
    id: 'mistral',
    hosts: ['api.mistral.ai'],
    quirks: { streamOptions: 'omitted', roles: 'alternating', callIds: 'nine' },
  },
  // Its only formats are text and any JSON.
  { id: 'deepseek', hosts: ['api.deepseek.com'], quirks: { outputSchema: 'omitted' } },
  {
    id: 'deepseek',
    hosts: ['api.deepseek.com', 'api.moonshot.ai', 'api.moonshot.cn', 'api.kimi.com'],
    model: /^(?:deepseek-(?:reasoner|v4)|kimi-k2(?:\.\d+|-thinking))/,
    quirks: { reasoningField: 'required' },
  },
  {
    id: 'gemini',
    hosts: ['generativelanguage.googleapis.com'],
    model: /^gemini-[3-9]/,
    quirks: { callSignature: 'required' },
  },
  { model: /^o[1-9](?:-|$)/, quirks: { parallelToolCalls: 'omitted' } },
];

/** What is known of a provider and model before the first request. */
export function knownQuirks({ id, baseUrl }: Pick<ModelProvider, 'id' | 'baseUrl'>, slug: string): WireQuirks {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  const model = slug.slice(slug.lastIndexOf('/') + 1).toLowerCase();
  const isThere = ({ id: own, hosts = [] }: QuirkRow) =>
    own === id || hosts.some((one) => host === one || host.endsWith(`.${one}`));
  const fits = (row: QuirkRow) => (row.hosts === undefined || isThere(row)) && (row.model?.test(model) ?? true);
  return Object.assign({}, NO_QUIRKS, ...ROWS.filter(fits).map(({ quirks }) => quirks));
}
