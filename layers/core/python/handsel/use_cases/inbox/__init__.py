"""Inbox: messages and the counters of a user."""
