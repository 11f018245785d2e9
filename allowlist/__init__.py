"""Decides: the list, its language, the decision; the door, the resolver, Chromium's policy."""
