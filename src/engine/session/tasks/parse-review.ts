import * as z from 'zod/mini';
import {
  type ReviewFinding,
  ReviewFinding as ReviewFindingSchema,
  type ReviewOutput,
} from '../../../foundation/protocol/index.ts';
import { readJson } from '../../../foundation/util/index.ts';

/** How many braces are tried as the first one of a review, and as its last: the words around it may have some too. */
const MAX_BRACES = 8;

/** A review as models write it: any part can be missing or of another kind, and other keys are ignored. */
const written = z.looseObject({
  findings: z.catch(z.array(z.unknown()), []),
  overall_correctness: z.catch(z.string(), ''),
  overall_explanation: z.catch(z.string(), ''),
  overall_confidence_score: z.catch(z.number(), 0),
});
const writtenFinding = z.looseObject({
  title: z.string(),
  body: z.catch(z.string(), ''),
  confidence_score: z.catch(z.number(), 0),
  priority: z.catch(z.nullable(z.int()), null),
  code_location: z.looseObject({
    absolute_file_path: z.string(),
    line_range: z.looseObject({ start: z.number(), end: z.number() }),
  }),
});

/**
 * A reviewer's last message: JSON, also inside prose or a code fence. A finding that can't be read is dropped, not the
 * others; text without a review becomes its explanation.
 */
export function parseReview(text: string): ReviewOutput {
  const whole = tryParse(text) ?? reviewWithin(text);
  if (!whole)
    return { findings: [], overall_correctness: '', overall_explanation: text.trim(), overall_confidence_score: 0 };
  const { findings, overall_correctness, overall_explanation, overall_confidence_score } = whole;
  return {
    findings: findings.flatMap(findingOf),
    overall_correctness,
    overall_explanation,
    overall_confidence_score,
  };
}

/** The first review in a text with other words, which may have braces of their own. */
function reviewWithin(text: string): z.infer<typeof written> | null {
  const places = (brace: string) => [...text.matchAll(new RegExp(`[${brace}]`, 'g'))].map(({ index }) => index);
  const ends = places('}').slice(-MAX_BRACES).reverse();
  for (const start of places('{').slice(0, MAX_BRACES)) {
    for (const end of ends) {
      const review = end > start ? tryParse(text.slice(start, end + 1)) : null;
      if (review !== null) return review;
    }
  }
  return null;
}

function tryParse(text: string): z.infer<typeof written> | null {
  try {
    const value: unknown = readJson(text);
    const isReview =
      typeof value === 'object' && value !== null && ('findings' in value || 'overall_explanation' in value);
    return isReview ? (written.safeParse(value).data ?? null) : null;
  } catch {
    // Not JSON, or not whole.
    return null;
  }
}

function findingOf(value: unknown): ReviewFinding[] {
  const found = writtenFinding.safeParse(value).data;
  if (!found) return [];
  const finding = ReviewFindingSchema.safeParse(found);
  return finding.success ? [finding.data] : [];
}

/** The form in which a review is asked for, where the provider takes a schema. */
export const REVIEW_SCHEMA = strict({
  findings: {
    type: 'array',
    items: strict({
      title: { type: 'string' },
      body: { type: 'string' },
      confidence_score: { type: 'number' },
      priority: { type: ['integer', 'null'] },
      code_location: strict({
        absolute_file_path: { type: 'string' },
        line_range: strict({ start: { type: 'integer' }, end: { type: 'integer' } }),
      }),
    }),
  },
  overall_correctness: { type: 'string' },
  overall_explanation: { type: 'string' },
  overall_confidence_score: { type: 'number' },
});

function strict(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', required: Object.keys(properties), additionalProperties: false, properties };
}
