"""Runtime: settings, clock, clients, logs and metrics of a Lambda process. Each process has one of each."""
