import type { WireFailure } from './wire-failure.ts';

/** A kind of content that a server refuses in a request which is sound otherwise. */
export type RefusedContent = 'pictures' | 'thoughts';

interface RefusalRule {
  readonly content: RefusedContent;
  readonly pattern: RegExp;
  readonly source: string;
}

/** Matched against codes and message together. */
const RULES: readonly RefusalRule[] = [
  {
    content: 'thoughts',
    pattern:
      /invalid_encrypted_content|encrypted[ _]content\b[\s\S]{0,80}\b(?:verif|decrypt|invalid)|thinking\b[\s\S]{0,40}\b(?:signature|blocks?)\b|\binvalid\b[\s\S]{0,20}\bsignature\b[\s\S]{0,20}\bthinking|\bthought[ _]signature\b|type 'reasoning' was provided without/i,
    source: 'OpenAI, Anthropic, Gemini: thoughts of another account, model or key',
  },
  {
    content: 'pictures',
    pattern:
      /(?:^|[\s_'"`.[])(?:invalid_)?(?:images?|image_url|input_image|picture|photo)(?:$|[\s_'"`.,:()[\]])|\bmultimodal\b|\bmmproj\b|\bvision\b/i,
    source:
      'OpenAI, Anthropic, Gemini, OpenRouter, vLLM, llama.cpp, DeepSeek: pictures that are broken, too large or not supported',
  },
];

/** What content a refusal is about; null where it says nothing of one. */
export function refusedContent({ words, message }: WireFailure): RefusedContent | null {
  const text = [...words, message ?? ''].join(' ');
  return RULES.find(({ pattern }) => pattern.test(text))?.content ?? null;
}
