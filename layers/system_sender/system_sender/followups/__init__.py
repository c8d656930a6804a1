"""Sequences of timed steps, and the leads on their way through them."""
