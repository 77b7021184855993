import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';

/**
 * The body of an answer without its content encoding (RFC 9110 8.4). Gateways compress streams that nobody asked them to.
 * What is decoded comes as soon as it can be: an event never waits for the next one. Breaks with an error that names an
 * encoding which is not known.
 */
export function withoutEncoding(incoming: IncomingMessage): Readable {
  const encodings = (incoming.headers['content-encoding'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  return encodings.reduceRight<Readable>(decoded, incoming);
}

function decoded(source: Readable, encoding: string): Readable {
  const decoder = decoderOf(encoding);
  if (decoder === null) {
    source.destroy(new Error(`the answer has a content encoding that is not known: ${encoding.slice(0, 100)}`));
    return source;
  }
  // Whoever reads gets the error of the last stream; the pipeline passes it on.
  return process.getBuiltinModule('node:stream').pipeline(source, decoder, () => undefined);
}

/** Loaded with the first answer that needs it. */
function decoderOf(encoding: string): Transform | null {
  const zlib = process.getBuiltinModule('node:zlib');
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip();
    case 'deflate':
      return zlib.createInflate();
    case 'br':
      return zlib.createBrotliDecompress();
    case 'zstd':
      return zlib.createZstdDecompress();
    default:
      return null;
  }
}
