import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { reasonOf } from '../../util/index.ts';
import { parseArguments } from '../arguments.ts';
import type { ToolHandler } from '../types.ts';
import { HIDDEN, mayReadFor } from './hidden.ts';

const viewArguments = z.object({ path: z.string() });

/** `view_image`: puts a local image before the model's next request. */
export const viewImageHandler: ToolHandler = {
  payloads: ['function'],
  parallel: true,
  repeat: 'safe',
  async run(call, context) {
    const text = call.payload.type === 'function' ? call.payload.arguments : '';
    const parsed = parseArguments(text, viewArguments, { aliases: { path: ['file_path', 'filename'] } });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    const path = resolve(context.turn.cwd, parsed.value.path);
    const fault = mayReadFor(context)(path) ? faultOf(path) : `unable to attach \`${path}\`: ${HIDDEN}`;
    if (fault !== null) return { body: fault, success: false };
    if (!context.injectInput([{ type: 'localImage', path }])) {
      return { body: 'unable to attach image (no active task)', success: false };
    }
    const item = { type: 'imageView', id: call.callId, path } as const;
    context.events.itemStarted(item);
    context.events.itemCompleted(item);
    return { body: 'attached local image path', success: true };
  },
};

function faultOf(path: string): string | null {
  try {
    return statSync(path).isFile() ? null : `image path \`${path}\` is not a file`;
  } catch (error) {
    return `unable to locate image at \`${path}\`: ${reasonOf(error)}`;
  }
}
