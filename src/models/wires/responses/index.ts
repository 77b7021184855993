export { itemJson } from './sent-form.ts';
export { responsesWire } from './wire.ts';
