"""Composes: the session machine, its events and effects, the guardian and the screen."""
