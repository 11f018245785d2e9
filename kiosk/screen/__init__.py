"""Pixels and touches only: shows what the guardian says and reports what was touched."""
