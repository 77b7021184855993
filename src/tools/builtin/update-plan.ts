import * as z from 'zod/mini';
import { PlanStep } from '../../foundation/protocol/index.ts';
import { argumentNames, parseArguments } from '../arguments.ts';
import type { ToolHandler } from '../types.ts';

const planArguments = z.object({ plan: z.array(PlanStep), explanation: z.optional(z.string()) });

/** `update_plan`: shows the user the plan. It has no other effect. */
export const updatePlanHandler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(planArguments),
  parallel: false,
  repeat: 'safe',
  async run(call, context) {
    const text = call.payload.type === 'function' ? call.payload.arguments : '';
    const parsed = parseArguments(text, planArguments);
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    context.events.planUpdated(parsed.value.explanation ?? null, parsed.value.plan);
    return { body: 'Plan updated', success: true };
  },
};
