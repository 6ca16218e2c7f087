"""What a process is made of: settings, wiring, logs and metrics."""
