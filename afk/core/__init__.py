"""Decide, purely: facts in, decisions and words out."""
