/** The key under which an event is configured and handled: `category/name/type/vN`. */
export function eventKeyOf(event: { category: string; name: string; type: string; version: string }): string {
  return `${event.category}/${event.name}/${event.type}/v${event.version}`;
}
