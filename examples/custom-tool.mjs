// A program that gives the agent two functions of its own, and answers its questions.
//
//   node examples/custom-tool.mjs "Which orders are late? Remind the customers."
import { Keel, tool } from 'keel';
import * as z from 'zod';

const orders = new Map([
  ['A-1', { customer: 'ada', daysLate: 0 }],
  ['A-2', { customer: 'bob', daysLate: 4 }],
]);

const lateOrders = tool({
  name: 'late_orders',
  description: 'Lists the orders that are late, with their customers.',
  parameters: z.object({ minDays: z.int().min(1).describe('Days late at least') }),
  readOnly: true,
  run: ({ minDays }) => ({
    orders: [...orders].filter(([, { daysLate }]) => daysLate >= minDays).map(([id, order]) => ({ id, ...order })),
  }),
});

const remind = tool({
  name: 'remind',
  description: 'Writes a reminder to a customer.',
  parameters: z.object({ customer: z.string(), text: z.string() }),
  run: ({ customer }) => `written to ${customer}`,
});

const keel = new Keel({
  tools: [lateOrders, remind],
  approvalPolicy: 'on-request',
  onApproval: (request) => {
    console.log(request.type === 'mcpToolCall' ? `asked: ${request.tool}` : `asked: ${request.type}`);
    return { type: 'approved' };
  },
});
const thread = await keel.startThread();
try {
  const { finalResponse } = await thread.run(process.argv[2] ?? 'Which orders are late? Remind the customers.');
  console.log(finalResponse);
} finally {
  await thread.close();
}
