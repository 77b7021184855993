import { expect, test } from 'vitest';
import type { ApprovalPolicy } from '../../../src/foundation/protocol/index.ts';
import { type McpQuestion, mcpRequirement } from '../../../src/tools/orchestrator/requirement.ts';

const policies: readonly ApprovalPolicy[] = ['untrusted', 'on-failure', 'on-request', 'never'];

/** What a tool says of itself, with what becomes of a call under each of the policies, in their order. */
const cells: readonly (readonly [McpQuestion['approval'], McpQuestion['annotations'], string])[] = [
  ['auto', {}, 'ask ask ask skip'],
  ['auto', { readOnlyHint: true }, 'skip skip skip skip'],
  ['auto', { readOnlyHint: true, openWorldHint: true }, 'skip skip skip skip'],
  ['auto', { readOnlyHint: true, destructiveHint: true }, 'ask ask ask forbid'],
  ['auto', { destructiveHint: true }, 'ask ask ask forbid'],
  ['auto', { destructiveHint: false }, 'ask ask ask skip'],
  ['auto', { destructiveHint: false, openWorldHint: true }, 'ask ask ask skip'],
  ['auto', { destructiveHint: false, openWorldHint: false }, 'ask skip skip skip'],
  ['auto', { openWorldHint: false }, 'ask ask ask skip'],
  ['prompt', {}, 'ask ask ask forbid'],
  ['prompt', { readOnlyHint: true }, 'ask ask ask forbid'],
  ['approve', {}, 'skip skip skip skip'],
  ['approve', { destructiveHint: true }, 'skip skip skip skip'],
];

test.each(cells)('%s %j: %s', (approval, annotations, expected) => {
  const found = policies.map((approvalPolicy) => mcpRequirement({ approvalPolicy, annotations, approval }).type);
  expect(found.join(' ')).toBe(expected);
});
