import { ownValue } from '../../foundation/util/index.ts';
import { DEFAULT_FACTS, FAMILIES, type Family } from './families.ts';
import type { ModelInfo, ModelOverrides } from './model-info.ts';

/** Share of the raw window that a thread may fill; the rest is room for the answer and for what is counted wrong. */
const EFFECTIVE_WINDOW_PERCENT = 95;
/** Compaction itself needs room in the window, so no limit above this share of it is taken. */
const AUTO_COMPACT_MAX_PERCENT = 90;
/** What the request for a handover adds to a conversation, and what comes back, at least. */
const HANDOVER_TOKENS = 900;

/**
 * Facts about a model: its family's (longest prefix wins, also behind a vendor path as in `openai/gpt-oss-20b`), or the
 * defaults for an unknown one, with the user's overrides on top.
 */
export function modelInfo(slug: string, given: ModelOverrides = {}): ModelInfo {
  const overrides = overridesFor(slug, given);
  const family = findFamily(slug);
  const { name, prefixes: _, ...facts } = family ?? { name: 'unknown', prefixes: [] };
  const merged = { ...DEFAULT_FACTS, ...facts };
  const contextWindow = overrides.contextWindow ?? merged.contextWindow;
  return {
    ...merged,
    slug,
    family: name,
    known: family !== null || overrides.isNamed,
    toolSet: overrides.toolSet ?? merged.toolSet,
    supportsTools: overrides.tools ?? merged.supportsTools,
    efforts: overrides.efforts ?? merged.efforts,
    supportsReasoning: overrides.supportsReasoningSummaries ?? merged.supportsReasoning,
    thinking: thinkingOf(merged.thinking, overrides.supportsReasoningSummaries ?? null),
    contextWindow,
    effectiveContextWindow: effectiveWindow(contextWindow),
    autoCompactTokenLimit: compactLimit(contextWindow, overrides.autoCompactTokenLimit ?? null),
    maxOutputTokens: overrides.maxOutputTokens ?? merged.maxOutputTokens,
  };
}

/** What the user's settings say of one model. */
export function overridesFor(slug: string, { models = {}, ...all }: ModelOverrides) {
  const own = ownValue(models, slug);
  return {
    ...all,
    contextWindow: all.contextWindow ?? own?.contextWindow ?? null,
    maxOutputTokens: all.maxOutputTokens ?? own?.maxOutputTokens ?? null,
    supportsReasoningSummaries: all.supportsReasoningSummaries ?? own?.reasoning ?? null,
    tools: own?.tools ?? null,
    efforts: own?.efforts ?? null,
    isNamed: own !== undefined,
  };
}

/** Why a model can't be used at all; null: it can, or nobody knows. */
export function toolsFault({ slug, supportsTools }: Pick<ModelInfo, 'slug' | 'supportsTools'>): string | null {
  if (supportsTools) return null;
  return `the model ${slug} can't call tools, so it can neither read files nor run commands: choose another one (\`keel models\`). If it can, set models."${slug}".tools = true in config.toml`;
}

/** What is wrong with an effort that no model of the family takes; null: nothing, or keel does not know. */
export function effortFault(
  { slug, efforts }: Pick<ModelInfo, 'slug' | 'efforts'>,
  effort: string | null,
): string | null {
  if (effort === null || efforts === null || efforts.includes(effort)) return null;
  return `the model ${slug} has no effort "${effort}": it takes ${efforts.join(', ')}`;
}

/** A model of another maker that speaks the Messages API knows its older form. */
function thinkingOf(known: ModelInfo['thinking'], chosen: boolean | null): ModelInfo['thinking'] {
  if (chosen === null) return known;
  return chosen ? (known ?? 'budget') : null;
}

/** The usable part of a raw window, in tokens. */
export function effectiveWindow(window: number | null): number | null {
  return percentOf(window, EFFECTIVE_WINDOW_PERCENT);
}

/**
 * From how many tokens on a conversation is compacted. A limit above the window would never fire, so the user's one is
 * clamped; in a small window the question for the handover and its answer need more than the usual share.
 */
export function compactLimit(window: number | null, chosen: number | null): number | null {
  const share = percentOf(window, AUTO_COMPACT_MAX_PERCENT);
  const ceiling =
    window === null || share === null
      ? null
      : Math.min(share, Math.max(Math.floor(share / 2), window - HANDOVER_TOKENS));
  if (chosen === null || ceiling === null) return chosen ?? ceiling;
  return Math.min(chosen, ceiling);
}

function percentOf(window: number | null, percent: number): number | null {
  return window === null ? null : Math.floor((window * percent) / 100);
}

function findFamily(slug: string): Family | null {
  const whole = slug.toLowerCase();
  // Bedrock writes the vendor, and perhaps a region, with dots: `eu.anthropic.claude-opus-4-5`.
  const withoutVendor = whole.slice(whole.lastIndexOf('/') + 1).replace(/^(?:[a-z]+\.)*anthropic\./, '');
  return longestMatch(withoutVendor) ?? longestMatch(whole);
}

function longestMatch(slug: string): Family | null {
  let best: Family | null = null;
  let bestLength = 0;
  for (const family of FAMILIES) {
    for (const prefix of family.prefixes) {
      if (prefix.length > bestLength && matches(slug, prefix)) {
        best = family;
        bestLength = prefix.length;
      }
    }
  }
  return best;
}

function matches(slug: string, prefix: string): boolean {
  const [head = '', tail] = prefix.split('*');
  return slug.startsWith(head) && (tail === undefined || slug.indexOf(tail, head.length) >= 0);
}
