"""Pure rules: states, money, eligibility, who may see what. No clock, no randomness, no I/O."""
