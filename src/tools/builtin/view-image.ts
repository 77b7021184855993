import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { notationFault, type PlaceJudge } from '../../foundation/files/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { imageFileUrl } from '../../models/prompt/index.ts';
import {
  argumentNames,
  argumentsText,
  failedOutput,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
} from '../contract/index.ts';
import { judgeFor } from './files/read-judge.ts';

const viewArguments = z.object({ path: z.string() });
const aliases = { path: ['file_path', 'filename'] };

const spec = functionSpec({
  name: 'view_image',
  description: 'Look at an image file (PNG, JPEG, GIF, WebP).',
  required: ['path'],
  properties: { path: textSchema },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(viewArguments, aliases),
  parallel: true,
  repeat: 'safe',
  async run(call, context) {
    const parsed = parseArguments(argumentsText(call), viewArguments, { aliases });
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const misread = notationFault(parsed.value.path, context.turn.cwd);
    if (misread !== null) return { body: misread, success: false };
    const path = resolve(context.turn.cwd, parsed.value.path);
    const image = await imageAt(path, judgeFor(context));
    if (image.type === 'failed') return failedOutput(image.message);
    if (!context.injectInput([{ type: 'image', url: image.url }])) {
      return { body: 'unable to attach image (no active task)', success: false };
    }
    const item = { type: 'imageView', id: call.callId, path } as const;
    context.events.itemStarted(item);
    context.events.itemCompleted(item);
    return { body: 'attached local image path', success: true };
  },
};

/** `view_image`: puts a local image, as it is at the time of the call, before the model's next request. */
export const viewImageTool: Tool = { name: spec.name, spec, handler };

type FoundImage =
  | { readonly type: 'found'; readonly url: string }
  | { readonly type: 'failed'; readonly message: string };

async function imageAt(path: string, judge: PlaceJudge): Promise<FoundImage> {
  try {
    return { type: 'found', url: await imageFileUrl(path, judge) };
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const what = isMissing ? 'locate image at' : 'attach image';
    return { type: 'failed', message: `unable to ${what} \`${path}\`: ${reasonOf(error)}` };
  }
}
