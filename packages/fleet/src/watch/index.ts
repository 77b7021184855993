export { liveRoute } from './live-route.ts';
export { SseStream } from './sse.ts';
export { watch } from './watch-client.ts';
export { watchThread } from './watch-thread.ts';
