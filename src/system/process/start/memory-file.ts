import { closeSync, writeSync } from 'node:fs';
import { cLibrary } from '../../../foundation/util/index.ts';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
/** Linux 6.3 on; with `vm.memfd_noexec = 2` the kernel refuses files without it. */
const MFD_NOEXEC_SEAL = 8;
const F_ADD_SEALS = 1033;
/** Against more seals, shrinking, growing, and writing. */
const ALL_SEALS = 0x01 | 0x02 | 0x04 | 0x08;

/**
 * A file in memory without a name, which nobody can change any more. The caller closes the descriptor; programs don't
 * inherit it. Linux only.
 * @throws where the C library can't be called, and when descriptors or memory have run out
 */
export function sealedMemoryFile(bytes: Uint8Array): number {
  const { native, functions } = cLibrary();
  const create = functions.func('memfd_create', 'int', ['str', 'uint']);
  const addSeals = functions.func('fcntl', 'int', ['int', 'int', 'int']);
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const first: number = create('keel-input', flags | MFD_NOEXEC_SEAL);
  const fd: number = first === -1 ? create('keel-input', flags) : first;
  if (fd === -1) throw new Error(`memfd_create failed with error ${native.errno()}`);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    if (addSeals(fd, F_ADD_SEALS, ALL_SEALS) !== 0) throw new Error(`sealing failed with error ${native.errno()}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
