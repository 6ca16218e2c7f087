"""Orders: purchase, own use, refund."""
