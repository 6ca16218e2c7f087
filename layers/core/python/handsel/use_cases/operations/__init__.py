"""Work that events start: sweep, health, projection, inbound events."""
