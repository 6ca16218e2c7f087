"""Accounts: profiles and contacts."""
