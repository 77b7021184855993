// Many threads side by side in one program, answered by a model of the program's own: nothing is sent anywhere.
//
//   node examples/many-threads.mjs 200
import { Keel, tool } from 'keel';
import * as z from 'zod';

/** A model in a few lines: it asks for the price of what the user names, then says it. */
const clerk = {
  name: 'clerk',
  async *respond({ messages }) {
    const last = messages.at(-1);
    if (last?.type === 'toolResult') {
      yield { type: 'text', delta: 'It costs ' };
      yield { type: 'text', delta: `${last.text}.` };
    } else {
      const question = messages.findLast(({ type }) => type === 'user')?.text ?? '';
      yield {
        type: 'toolCall',
        id: `call-${messages.length}`,
        name: 'price',
        arguments: JSON.stringify({ of: question }),
      };
    }
    yield { type: 'usage', inputTokens: messages.length, outputTokens: 1 };
  },
};

const price = tool({
  name: 'price',
  description: 'The price of an article.',
  parameters: z.object({ of: z.string() }),
  readOnly: true,
  run: ({ of }) => of.replace('article ', '€'),
});

const count = Number(process.argv[2] ?? 200);
const keel = new Keel({ customModel: clerk, tools: [price], ephemeral: true });
const startedAt = performance.now();
const answers = await Promise.all(
  Array.from({ length: count }, async (_, number) => {
    const thread = await keel.startThread();
    try {
      const { finalResponse } = await thread.run(`article ${number}`);
      return finalResponse === `It costs €${number}.`;
    } finally {
      await thread.close();
    }
  }),
);
const ms = Math.round(performance.now() - startedAt);
const mib = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(`${answers.filter(Boolean).length} of ${count} threads answered, in ${ms} ms, ${mib} MiB at most`);
