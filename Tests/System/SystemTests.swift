import Testing

/// Tests of the real processes; one at a time, since each starts several.
@Suite(.serialized) struct SystemTests {}
