import { IMAGE_STAND_IN } from '../index.ts';

/** Pictures that this API takes. */
const TAKEN_DATA = /^data:(image\/(?:png|jpeg|gif|webp));base64,(.+)$/s;
const WEB_ADDRESS = /^https?:\/\//i;

const UNKNOWN_KIND = '[an image was here, of a kind that this provider does not take]';

/** A picture as a block; one that can't be sent is replaced by a text that says so. */
export function imageBlock(url: string, isTaken: boolean): object {
  if (!isTaken) return { type: 'text', text: IMAGE_STAND_IN };
  const [, mediaType, data] = TAKEN_DATA.exec(url) ?? [];
  if (mediaType !== undefined && data !== undefined) {
    return { type: 'image', source: { type: 'base64', media_type: mediaType, data } };
  }
  if (WEB_ADDRESS.test(url)) return { type: 'image', source: { type: 'url', url } };
  return { type: 'text', text: UNKNOWN_KIND };
}
