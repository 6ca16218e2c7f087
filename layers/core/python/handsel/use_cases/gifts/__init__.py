"""Gifts: give, claim, end, expire, remind, ask again, give in return."""
