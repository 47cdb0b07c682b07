"""The simulated car's side of ISO 15118: it speaks to any charger, ours or a foreign one, and misbehaves on request."""
