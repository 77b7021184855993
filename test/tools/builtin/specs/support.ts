import { modelInfo, type ToolSet } from '../../../../src/models/catalogue/index.ts';
import type { FunctionToolSpec, ToolSpec } from '../../../../src/models/prompt/index.ts';
import { builtinTools, offeredTools, specsFor } from '../../../../src/tools/index.ts';

export interface OfferedSet {
  /** Of the golden file. */
  readonly name: string;
  readonly slug: string;
  readonly set: ToolSet | null;
}

/** Every list of tools that a model may be offered. */
export const offeredSets: readonly OfferedSet[] = [
  { name: 'session-function', slug: 'o3', set: null },
  { name: 'session-freeform', slug: 'gpt-5', set: null },
  { name: 'shell-function', slug: 'gpt-oss-120b', set: null },
  { name: 'shell-freeform', slug: 'gpt-5-codex', set: null },
  { name: 'shell-command-freeform', slug: 'gpt-5.1-codex', set: null },
  { name: 'session-edit', slug: 'claude-sonnet-4', set: null },
  { name: 'lean', slug: 'qwen3-coder', set: null },
  { name: 'reader', slug: 'gemini-2.5-pro', set: 'reader' },
];

export function specsOf({ slug, set }: OfferedSet): ToolSpec[] {
  const model = modelInfo(slug);
  return specsFor(builtinTools(), offeredTools(model, set), {
    model,
    offersEscalation: true,
    offersKeepRunning: false,
  });
}

/** Every spec once; a tool that has two forms twice. */
export const allSpecs: readonly ToolSpec[] = [
  ...new Map(offeredSets.flatMap(specsOf).map((spec) => [JSON.stringify(spec), spec])).values(),
];

export const functionSpecs: readonly FunctionToolSpec[] = allSpecs.filter((spec) => spec.type === 'function');

export function descriptionOf(spec: ToolSpec): string {
  return spec.type === 'function' || spec.type === 'custom' ? spec.description : '';
}

/** All texts of a spec that a model reads: its description, those of its parameters, its grammar. */
export function textsOf(spec: ToolSpec): string[] {
  const texts: string[] = [];
  JSON.stringify(spec, (key, value: unknown) => {
    if ((key === 'description' || key === 'definition') && typeof value === 'string') texts.push(value);
    return value;
  });
  return texts;
}
