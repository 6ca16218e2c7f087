"""Pure rules: states, money, eligibility, visibility. No clock, no randomness, no I/O."""
