import type { WireFailure } from './wire-failure.ts';

/** How servers say that a request does not fit the model's context window, and the limit that some of them name. */

/** Codes and types that mean it. */
const FULL_WORDS: ReadonlySet<string> = new Set([
  'context_length_exceeded', // OpenAI, Azure, Groq, Cerebras
  'context_window_exceeded', // Cohere, gateways
  'contextwindowexceedederror', // LiteLLM
  'model_context_window_exceeded', // Anthropic's stop reason
  'exceed_context_size_error', // llama.cpp
  'model_max_prompt_tokens_exceeded', // GitHub Copilot
  'tokens_limit_reached', // GitHub Models
  'prompt_too_long',
  'input_too_long',
  '1261', // z.ai: "Prompt exceeds max length"
]);

interface Saying {
  readonly pattern: RegExp;
  /** Servers that word it so; each pattern is meant wider than their sentences. */
  readonly source: string;
}

/** The context window, the length of a prompt, or a number of tokens allowed in it. */
const ROOM = String.raw`(?:context[\s_-]*(?:window|length|size|limit)|(?:available|model(?:'s)?|max(?:imum)?)\s+context\b|(?:max(?:imum)?|model|allowed)[\s_]*(?:model|sequence|prompt|input|context|allowed|request)?[\s_]*len(?:gth)?\b|sequence[\s_]len(?:gth)?\b|(?:model|prompt|input|total|context)\s+tokens?\s+limit|n_ctx|number of tokens allowed|input[\s_]tokens?\b|prompt[\s_]tokens?\b|token (?:count|limit)|tokens? to keep)`;
/** More than fits. */
const EXCESS = String.raw`(?:exceed(?:s|ed|ing)?|(?:too|so) (?:long|large|big|many)|(?:larger|longer|greater|bigger|more|higher) (?:than|(?=context))|over(?:flow(?:s|ed|ing)?)?\b|beyond|above|surpass\w*|reduce|shorten|truncate|not enough|does(?:n't| not) fit|cannot fit|(?:must|should|can(?:not|'t)?) (?:be|have|exceed)\s*(?:<|less|at most|fewer|under|smaller|up to)|only supports? up to|however,? you|but (?:the|your|this) (?:request|prompt|input)|ran out)`;
/** What the conversation is called. */
const TALK = `(?:prompt|input(?:s| length| tokens)?|messages?|conversation|chat history|context|sequence|request)`;

const FULL_SAYINGS: readonly Saying[] = [
  {
    pattern: new RegExp(String.raw`${ROOM}[\s\S]{0,240}?${EXCESS}|${EXCESS}[\s\S]{0,160}?${ROOM}`, 'i'),
    source:
      'OpenAI, Azure, vLLM (both wordings), SGLang, llama.cpp, LM Studio, Mistral, Gemini, xAI, Ollama, Copilot, Cloudflare, TGI, MiniMax, Kimi, Databricks, Fireworks',
  },
  {
    pattern: new RegExp(
      String.raw`\b${TALK}\b(?:\s+(?:length|size|body|text|history|for \S+))?\s+(?:is|are|was|were|has become|became|got)?\s*(?:still |far |much )?too (?:long|large|big)\b`,
      'i',
    ),
    source: 'Anthropic, Bedrock, Ollama ("The total length of all messages is too long"), GitHub Models, AI21',
  },
  {
    pattern:
      /\b(?:total )?length of (?:all |the |your )*(?:messages?|prompt|input|conversation)\b[^.]{0,40}\btoo (?:long|large)/i,
    source: 'Ollama cloud, Kimi',
  },
  {
    pattern:
      /\b(?:reduce|shorten|decrease)\b[^.]{0,30}\b(?:length|size|number) of (?:the |your )*(?:messages|prompt|input|conversation)/i,
    source: 'OpenAI, Groq, Cerebras',
  },
  { pattern: /\bprompt\b[^.]{0,30}\bexceeds?\b[^.]{0,30}\b(?:max|limit|length)/i, source: 'z.ai, gateways' },
  {
    pattern:
      /\btoo many (?:input |prompt )?tokens\b(?! per\b)|\btokens?\b[^.]{0,60}\bin the (?:request|prompt|input)\b[^.]{0,30}\bexceed/i,
    source: 'Cohere, gateways',
  },
  {
    pattern: /\b(?:context|prompt|input|sequence) length is (?:only )?\d/i,
    source: 'OpenAI words cut short by gateways',
  },
  { pattern: /\brange of input length should be\b/i, source: 'DashScope (Qwen)' },
  {
    pattern:
      /\binputs?\b(?=[\s\S]{0,160}\btokens?\b)[^.]{0,120}\b(?:must|should|cannot|can't)\b[^.]{0,20}(?:<|less|exceed|at most)/i,
    source: 'Text Generation Inference, Together, Databricks',
  },
  { pattern: /\brequested tokens?\b[^.]{0,30}\bexceed/i, source: 'llama-cpp-python' },
  {
    pattern: /\b(?:input|messages)[^ ]{0,40}'?: (?:string|array) too long\b/i,
    source: 'OpenAI (longest string, longest list)',
  },
  {
    pattern: /contextwindowexceeded|context_length_exceeded|exceed_context_size/i,
    source: 'LiteLLM and other gateways that quote a code',
  },
  {
    pattern:
      /(?:上下文|输入|提示词?|prompt|tokens?)[^。]{0,20}(?:超出|超过|超长|过长)|(?:超出|超过)[^。]{0,20}(?:上下文|最大长度|输入长度)/i,
    source: 'z.ai, MiniMax, Qwen in Chinese',
  },
];
/** A request that is over what an account may send in a minute can never be sent as it is (OpenAI, Groq). */
const OVER_ACCOUNT_LIMIT =
  /request too large\b[\s\S]{0,160}\b(?:per min|TPM)|\b(?:per min|TPM)\b[\s\S]{0,200}(?:tokens must be reduced|reduce your message size)/i;
/** Limits of other things: of a rate, of an answer, of a picture, of names and tools. */
const OTHER_LIMIT =
  /\bper[\s-]?(?:min(?:ute)?|hour|day|second)\b|\brate[\s_-]?limit|\bquota\b|\bTPM\b|\bRPM\b|\btools?\b[^.]{0,40}too (?:long|many)|\b(?:functions?|tools?)[.[][^ ]*name|\btool names?\b/i;
const ABOUT_ANSWER =
  /\b(?:completion|output|response) tokens\b|\bmax_(?:completion_|output_)?tokens\b|\bbudget_tokens\b/i;
const ABOUT_PROMPT = /\b(?:context|prompt|inputs?|messages|conversation)\b/i;
const ABOUT_PICTURE = /\b(?:images?|pictures?|pixels?)\b/i;
const ABOUT_CONTEXT = /\b(?:context|prompt|conversation)\b/i;
/** What an answer with the status 413 (Content Too Large) says if it is about size at all. */
const SAYS_TOO_LARGE = /too (?:large|long|big)|exceed|maximum|limit/i;

/** Whether a server says that the request was too long for the window. */
export function saysFullWindow({ words, message }: WireFailure, status: number | null): boolean {
  if (words.some((word) => FULL_WORDS.has(word))) return true;
  const text = message ?? '';
  if (OVER_ACCOUNT_LIMIT.test(text)) return true;
  if (OTHER_LIMIT.test(text)) return false;
  if (ABOUT_ANSWER.test(text) && !ABOUT_PROMPT.test(text)) return false;
  if (ABOUT_PICTURE.test(text) && !ABOUT_CONTEXT.test(text)) return false;
  if (status === 413 && (text.trim() === '' || SAYS_TOO_LARGE.test(text))) return true;
  return FULL_SAYINGS.some(({ pattern }) => pattern.test(text));
}

const NUMBER = String.raw`(\d[\d,_]*\d|\d)(?!\.\d)`;
/** Excludes the length of what was sent: the words for its excess follow it. */
const NOT_THE_REQUEST = String.raw`(?!\d)(?! *(?:tokens?)?\)?,? *(?:exceed|>|does|is (?:too|longer|larger)))`;
/** A limit in characters or list entries. */
const NO_TOKENS = /\b(?:string|array) too long\b/i;
/** Where the limit is in what a server says of it; the first that fits counts. */
const NAMED_LIMITS: readonly RegExp[] = [
  `> ${NUMBER} maximum`,
  `exceeds? context limit: .*> ${NUMBER}`,
  `with ${NUMBER} maximum context`,
  String.raw`(?:context|prompt|input|sequence|model)[\s_-]*(?:window|length|size|limit)?(?:'s)? (?:is|of(?: only)?|:|at|up to|=) ?(?:only )?${NUMBER}${NOT_THE_REQUEST}`,
  `maximum (?:context|model|prompt|input|sequence)? ?length (?:is|of|:)? ?${NUMBER}`,
  String.raw`(?:context (?:window|length|size)|context window limit|number of tokens allowed|maximum allowed length|n_ctx)(?! exceeded)(?:(?! by )[^\d]){0,12}${NUMBER}${NOT_THE_REQUEST}`,
  String.raw`context length exceeded\D{0,4}\d+ > ${NUMBER}`,
  `exceeds? (?:the |a )?(?:maximum |token )?limit (?:of |is |: ?)?${NUMBER}`,
  `token limit(?: is|:| of)? ?${NUMBER}`,
  `only supports? up to ${NUMBER}`,
  `max size: ${NUMBER} tokens`,
  `must (?:be <= |have less than )${NUMBER}`,
  String.raw`should be \[\d+, ?${NUMBER}\]`,
  `cannot exceed ${NUMBER}`,
  `while limit is ${NUMBER}`,
  `limit ${NUMBER}, requested`,
].map((source) => new RegExp(source, 'i'));
/** No model has a smaller window; a number below is something else, such as an error code. */
const MIN_WINDOW_TOKENS = 512;

/** The limit in tokens that a server names where it says that a request is too long; null if it names none. */
export function namedWindow({ message, windowTokens }: WireFailure): number | null {
  if (windowTokens !== null && windowTokens >= MIN_WINDOW_TOKENS) return windowTokens;
  if (NO_TOKENS.test(message ?? '')) return null;
  for (const pattern of NAMED_LIMITS) {
    const found = pattern.exec(message ?? '')?.[1];
    const limit = found === undefined ? 0 : Number(found.replaceAll(/[,_]/g, ''));
    if (limit >= MIN_WINDOW_TOKENS) return limit;
  }
  return null;
}
