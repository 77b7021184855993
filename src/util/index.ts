export { assertNever } from './assert-never.ts';
export { byteLength, cutBytesEnd, cutBytesStart } from './bytes.ts';
export { Deferred } from './deferred.ts';
export { uuidV7 } from './uuid.ts';
export { version } from './version.ts';
