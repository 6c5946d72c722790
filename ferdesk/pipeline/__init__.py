"""The live walk: capture, analysis, smoothing and the state machine around them. No Qt."""
