export { type OpenDemo, openDemo } from './open-demo.ts';
export { runDemo } from './run-demo.ts';
