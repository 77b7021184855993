import type { ModelProvider } from '../../storage/config/index.ts';
import type { WireFailure } from '../failures/index.ts';
import type { WireQuirks } from './wire-quirks.ts';

interface QuirkRule {
  readonly quirk: Partial<WireQuirks>;
  /** What the server says of a request that it refuses. */
  readonly says: RegExp;
  readonly source: string;
}

const UNKNOWN = `(?:not (?:supported|permitted|allowed|available|implemented|recogni[sz]ed|a valid|valid)|un(?:supported|known|expected|recogni[sz]ed)|does(?:n't| not) support|extra (?:inputs?|fields?)|invalid|disabled|must (?:not )?be|only|is not|can(?:not|'t)|no longer)`;

function about(field: string): RegExp {
  return new RegExp(String.raw`${field}[\s\S]{0,200}${UNKNOWN}|${UNKNOWN}[\s\S]{0,200}${field}`, 'i');
}

/** The first that fits and is not known yet counts; a server that refuses two things is asked twice. */
const RULES: readonly QuirkRule[] = [
  {
    quirk: { streamOptions: 'omitted' },
    says: /stream_options|include_usage/i,
    source: 'Mistral (422), older vLLM, TGI and LM Studio (400)',
  },
  { quirk: { parallelToolCalls: 'omitted' }, says: /parallel_tool_calls/i, source: 'OpenAI o-series, Bedrock' },
  {
    quirk: { toolChoiceNone: 'omitted' },
    says: about(`tool[_ ]?choice`),
    source: 'Bedrock by LiteLLM, TGI, older llama.cpp and LM Studio',
  },
  {
    quirk: { reasoningEffort: 'omitted' },
    says: about(String.raw`(?:reasoning[_.]?effort|output_config\.effort)`),
    source: 'OpenAI models without reasoning, Mistral, Groq',
  },
  {
    quirk: { outputSchema: 'omitted' },
    says: about(String.raw`(?:response_format|json_schema|text\.format|output_config\.format)`),
    source: 'DeepSeek, older vLLM, Groq',
  },
  {
    quirk: { roles: 'alternating' },
    says: /roles? must alternate|alternate (?:between )?user|conversation roles|unexpected role|after the optional system message|(?:system|role)[^.]{0,40}\b(?:must|should|can only) (?:be|come|appear)\b[^.]{0,30}\b(?:beginning|first|start)|only user and assistant roles|expected last role|order of (?:the )?messages|invalid_request_message_order/i,
    source: 'Mistral; Gemma, Ministral and Llama 2 templates by vLLM, llama.cpp and TGI',
  },
  {
    quirk: { systemRole: 'user' },
    says: /system (?:role|messages?)[^.]{0,30}(?:not supported|not allowed|unsupported|unknown)|(?:not support|unsupported|unknown)[^.]{0,40}system (?:role|message)|developer instruction is not enabled/i,
    source: 'Gemma templates, Gemini for Gemma',
  },
  {
    quirk: { extraFields: 'omitted' },
    says: /(?:extra (?:inputs?|fields?)|unknown (?:field|name|parameter)|unrecognized)[\s\S]{0,160}(?:extra_content|messages)/i,
    source: 'strict FastAPI and protobuf servers',
  },
  {
    quirk: { reasoningField: 'required' },
    says: /reasoning_content[^.]{0,60}(?:missing|required|must be (?:passed|provided|sent))|(?:missing|required)[^.]{0,40}reasoning_content/i,
    source: 'DeepSeek, Kimi',
  },
  {
    quirk: { reasoningField: 'omitted' },
    says: /reasoning(?:_content|_details)?\b[\s\S]{0,80}(?:extra|not permitted|unsupported|unknown|unrecognized|not allowed)|(?:extra|unsupported|unknown|unrecognized)[\s\S]{0,120}\breasoning(?:_content|_details)\b/i,
    source: 'Groq, Cerebras, older DeepSeek',
  },
  {
    quirk: { callSignature: 'required' },
    says: /thought_signature[^.]{0,60}(?:missing|required)|missing[^.]{0,20}thought_signature/i,
    source: 'Gemini 3',
  },
  {
    quirk: { callIds: 'nine' },
    says: /tool[_ ]call[_ ]id[^.]{0,80}(?:length of 9|length 9|a-z, A-Z, 0-9)/i,
    source: 'Mistral',
  },
];

/** Names what a refusal taught: `streamOptions=omitted`. */
export type QuirkName = string;

/** What a refusal teaches that is not known of the server yet; null where it teaches nothing. */
export function learnedQuirk(failure: WireFailure, body: string, known: WireQuirks): QuirkName | null {
  const text = `${failure.words.join(' ')} ${failure.message ?? ''} ${body}`;
  const rule = RULES.find(({ quirk, says }) => !isKnown(quirk, known) && says.test(text));
  return rule === undefined ? null : nameOf(rule.quirk);
}

/** The quirk with this name; null for one that this keel doesn't know. */
export function quirkNamed(name: QuirkName): Partial<WireQuirks> | null {
  return RULES.find(({ quirk }) => nameOf(quirk) === name)?.quirk ?? null;
}

/** What the configuration says of a provider, in the words of the wires. */
export function chosenQuirks({ quirks = {} }: Pick<ModelProvider, 'quirks'>): Partial<WireQuirks> {
  const given: { [K in keyof WireQuirks]: WireQuirks[K] | undefined } = {
    streamOptions: quirks.stream_options,
    parallelToolCalls: quirks.parallel_tool_calls,
    toolChoiceNone: quirks.tool_choice_none,
    reasoningEffort: quirks.reasoning_effort,
    outputSchema: quirks.output_schema,
    roles: quirks.roles,
    systemRole: quirks.system_role,
    reasoningField: quirks.reasoning_field,
    extraFields: quirks.extra_fields,
    callSignature: quirks.call_signature,
    callIds: quirks.call_ids,
    pictures: quirks.pictures,
  };
  const chosen: Partial<WireQuirks> = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  return chosen;
}

/** The line of the configuration that says the same for good. */
export function quirkSetting(providerId: string, name: QuirkName): string {
  const [key = '', value] = name.split('=');
  const snake = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return `model_providers.${providerId}.quirks.${snake} = "${value}"`;
}

function nameOf(quirk: Partial<WireQuirks>): QuirkName {
  return Object.entries(quirk)
    .map(([key, value]) => `${key}=${value}`)
    .join();
}

function isKnown(quirk: Partial<WireQuirks>, known: WireQuirks): boolean {
  return nameOf({ ...known, ...quirk }) === nameOf(known);
}
