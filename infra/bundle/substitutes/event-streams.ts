/** Bundled in place of `@smithy/core/event-streams`, which the SDK loads only for services that stream events. */
function refuse(): never {
  throw new Error('Event streams are left out of the bundles: see the aliases in infra/bundle/bundle.ts.');
}

export { refuse as EventStreamSerde, refuse as eventStreamSerdeProvider };
