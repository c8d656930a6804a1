"""Sends approved drafts as real messages, each at most once, with nobody logged in."""
