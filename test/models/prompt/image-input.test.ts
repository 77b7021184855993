import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { imageInputPart } from '../../../src/models/prompt/index.ts';

async function fileWith(name: string, bytes: Uint8Array | string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'keel-image-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, name);
  await writeFile(path, bytes);
  return path;
}

function picture(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: '#336699' } });
}

async function sentImage(path: string) {
  const part = await imageInputPart(path);
  if (part.type !== 'input_image') throw new Error(part.text);
  const [head = '', data = ''] = part.image_url.split(',');
  const bytes = Buffer.from(data, 'base64');
  const { format, width, height } = await sharp(bytes).metadata();
  return { head, bytes, format, width, height };
}

describe('local images', () => {
  test('model 36: a PNG of 3000x1000 is sent as 2048x683', async () => {
    const path = await fileWith('wide.png', await picture(3000, 1000).png().toBuffer());

    expect(await sentImage(path)).toMatchObject({
      head: 'data:image/png;base64',
      format: 'png',
      width: 2048,
      height: 683,
    });
  });

  test.each(['png', 'jpeg', 'gif', 'webp'] as const)('a %s within bounds is sent as it is', async (format) => {
    const bytes = await picture(40, 30).toFormat(format).toBuffer();
    const sent = await sentImage(await fileWith('picture.bin', bytes));

    expect(sent.head).toBe(`data:image/${format};base64`);
    expect(sent.bytes.equals(bytes)).toBe(true);
  });

  test('a large JPEG stays a JPEG, a large WebP becomes a PNG', async () => {
    const jpeg = await fileWith('tall.jpg', await picture(100, 1536).jpeg().toBuffer());
    const webp = await fileWith('tall.webp', await picture(100, 1536).webp().toBuffer());

    expect(await sentImage(jpeg)).toMatchObject({ head: 'data:image/jpeg;base64', width: 50, height: 768 });
    expect(await sentImage(webp)).toMatchObject({ head: 'data:image/png;base64', width: 50, height: 768 });
  });

  test('a format that providers do not take becomes a PNG', async () => {
    const path = await fileWith('picture.tiff', await picture(40, 30).tiff().toBuffer());

    expect(await sentImage(path)).toMatchObject({ head: 'data:image/png;base64', width: 40, height: 30 });
  });

  test('model 36: a missing file yields a text that names it', async () => {
    const part = await imageInputPart('/no/such/picture.png');

    expect(part.type).toBe('input_text');
    expect(part).toMatchObject({ text: expect.stringMatching(/^\[The image \/no\/such\/picture\.png .*ENOENT/) });
  });

  test('model 36: a file that is no image yields a text, whatever its name', async () => {
    const path = await fileWith('garbage.png', 'this is no picture');

    expect(await imageInputPart(path)).toMatchObject({ type: 'input_text', text: expect.stringContaining(path) });
  });

  test('model 36: an image that breaks off yields a text', async () => {
    const bytes = await sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        background: '#000',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
      .png()
      .toBuffer();
    const path = await fileWith('cut.png', bytes.subarray(0, bytes.length / 2));

    expect((await imageInputPart(path)).type).toBe('input_text');
  });

  test('a directory yields a text', async () => {
    expect((await imageInputPart(tmpdir())).type).toBe('input_text');
  });

  test('the same bytes give the same part', async () => {
    const bytes = await picture(3000, 100).png().toBuffer();

    expect(await imageInputPart(await fileWith('a.png', bytes))).toEqual(
      await imageInputPart(await fileWith('b.png', bytes)),
    );
  });

  test('a picture that is small in pixels and heavy in bytes is written again', async () => {
    const pixels = await picture(8, 8).png().toBuffer();
    const path = await fileWith('padded.png', Buffer.concat([pixels, Buffer.alloc(5_000_000, 7)]));

    expect((await sentImage(path)).bytes.byteLength).toBeLessThan(10_000);
  });

  test('what is too heavy as PNG goes as JPEG', async () => {
    const [width, height] = [2048, 768];
    const noise = sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } });
    const path = await fileWith('noise.png', await noise.png().toBuffer());
    const sent = await sentImage(path);

    expect(sent).toMatchObject({ format: 'jpeg', width, height });
    expect(sent.bytes.byteLength).toBeLessThanOrEqual(3_750_000);
  });
});
