import * as z from 'zod/mini';
import { PlanStep } from '../../foundation/protocol/index.ts';
import {
  argumentNames,
  argumentsText,
  described,
  failedOutput,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
} from '../contract/index.ts';

const planArguments = z.object({ plan: z.array(PlanStep), explanation: z.optional(z.string()) });

const spec = functionSpec({
  name: 'update_plan',
  description: 'Show the user your plan: send all steps every time, at most one in_progress.',
  required: ['plan'],
  properties: {
    plan: {
      type: 'array',
      items: {
        type: 'object',
        required: ['step', 'status'],
        properties: { step: textSchema, status: described(textSchema, 'pending, in_progress or completed') },
        additionalProperties: false,
      },
    },
    explanation: textSchema,
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(planArguments),
  parallel: false,
  repeat: 'safe',
  async run(call, context) {
    const parsed = parseArguments(argumentsText(call), planArguments);
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    context.events.planUpdated(parsed.value.explanation ?? null, parsed.value.plan);
    return { body: 'Plan updated', success: true };
  },
};

/** `update_plan`: shows the user the plan. It has no other effect. */
export const updatePlanTool: Tool = { name: spec.name, spec, handler };
